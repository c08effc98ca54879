// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives
public import FarthingStacks

/// What is paid with on Stacks: the chain's own coin, or a token of a contract (SIP-010).
///
/// A token is named by its asset identifier, `ADDRESS.contract::asset`, which post-conditions need: a contract's name
/// alone does not tell what its asset is called.
public enum StacksAsset: Hashable, Sendable {
    case stx
    case token(StacksTransaction.PostCondition.Token)

    /// Reads `STX` or `ADDRESS.contract::asset`; anything else is `nil`.
    public init?(_ text: String) {
        guard text != "STX" else {
            self = .stx
            return
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].isEmpty, let contract = ContractIdentifier(String(parts[0])),
            let name = ClarityName(bytes: parts[2].utf8)
        else { return nil }
        self = .token(.init(contract, name))
    }

    /// The asset that a token's domain names; `nil` when it names none, or another than its address says.
    public init?(_ domain: TokenDomain) {
        guard let asset = StacksAsset(domain.name), asset.address == domain.address else { return nil }
        self = asset
    }

    /// The contract of a token; `nil` for the coin.
    public var contract: ContractIdentifier? {
        guard case .token(let token) = self else { return nil }
        return token.contract
    }

    /// The 20 bytes by which channels name it: those of RIPEMD-160 of the SHA-256 of its text.
    public var address: Address { Address(Hash160.hash(Array(description.utf8))) ?? .zero }

    /// How the asset names itself in offers: its text, and no version.
    public var domain: TokenDomain { TokenDomain(address: address, name: description, version: "1") }

    /// The coin: amounts are micro-STX.
    public static let coin = Token(domain: StacksAsset.stx.domain, symbol: "STX", decimals: 6)

    /// The asset as people see it, where nothing more is known of it than its name: amounts in its smallest units.
    public var token: Token {
        guard case .token(let token) = self else { return Self.coin }
        return Token(domain: domain, symbol: token.name.text, decimals: 0)
    }
}

extension StacksAsset: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stx: "STX"
        case .token(let token): "\(token.contract)::\(token.name.text)"
        }
    }
}
