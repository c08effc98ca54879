// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
public import FarthingPrimitives
public import FarthingStacks

/// A contract of ours on a Stacks chain: it turns what is signed into the digests of SIP-018.
///
/// What is signed are the same structs as on EVM chains. A struct becomes a tuple: its name, in kebab-case, is the
/// member `topic`, and its members keep their names, in kebab-case too; `bytes32` is a `(buff 32)`, every `uint` a
/// `uint`, and an address the principal of the account. The members `token` and `payerAuthorizer` are optional: none for
/// the chain's coin, and for the payer's own key.
///
/// - Source: SIP-018 (Signed Structured Data), domain of the contract's principal and version 1.0.0.
public struct StacksContract: Hashable, Sendable {
    public let identifier: ContractIdentifier
    public let chainID: UInt32
    private let assets: [Address: StacksAsset]
    private let domainHash: Hash32

    /// - Parameters:
    ///   - chainID: 1 for mainnet; every other chain has the addresses of the testnet.
    ///   - assets: What can be paid with besides the coin: a digest that names another asset cannot be made.
    /// - Returns: `nil` when the contract's address is not one of that chain.
    public init?(_ identifier: ContractIdentifier, chainID: UInt32, assets: [StacksAsset] = []) {
        guard AddressVersion(rawValue: identifier.issuer.version)?.isMainnet == (chainID == 1),
            let domain = StructuredData.Domain(name: "\(identifier)", version: "1.0.0", chainID: UInt128(chainID))
        else { return nil }
        self.identifier = identifier
        self.chainID = chainID
        self.assets = Dictionary(([.stx] + assets).map { ($0.address, $0) }) { first, _ in first }
        domainHash = domain.hash
    }

    public var network: Network { Network(stacks: chainID) }
    public var isMainnet: Bool { chainID == 1 }
    public var version: StacksTransaction.Version { isMainnet ? .mainnet : .testnet }

    /// The 20 bytes that stand for the contract where an account is asked for: RIPEMD-160 of the SHA-256 of its name.
    public var address: Address { Address(Hash160.hash(Array("\(identifier)".utf8))) ?? .zero }

    /// The asset of an address; `nil` for one that is not known here.
    public func asset(_ address: Address) -> StacksAsset? { assets[address] }

    /// The account of 20 bytes on this chain.
    public func account(_ address: Address) -> StandardPrincipal {
        StandardPrincipal(address, mainnet: isMainnet)
    }

    // MARK: - Digests

    /// What is signed: SHA-256 of the prefix, the domain's hash and the message's hash.
    public func digest(of message: ClarityValue) -> Hash32 {
        let messageHash = Digests.sha256(message.encoded)
        return Hash32(Digests.sha256(StructuredData.prefix + domainHash.bytes + messageHash)) ?? .zero
    }

    /// The same for a struct.
    public func digest(of type: EIP712.TypeHash, _ members: [ABI.Word]) -> Hash32 {
        digest(of: message(type, members))
    }

    /// What the payee's authorizer signs to claim a batch: a list, which is no struct of words.
    public func claimBatchDigest(_ rows: [(channel: ChannelID, ceiling: Amount, total: Amount)]) -> Hash32 {
        let claims = rows.map { row in
            Self.tuple([
                ("channel-id", .buffer(row.channel.hash.bytes)), ("max-claimable-amount", .uint(row.ceiling.units)),
                ("total-claimed", .uint(row.total.units)),
            ])
        }
        return digest(of: Self.tuple([("topic", .ascii(Array("claim-batch".utf8))), ("claims", .list(claims))]))
    }

    /// A struct as the tuple that is signed.
    public func message(_ type: EIP712.TypeHash, _ members: [ABI.Word]) -> ClarityValue {
        let (name, fields) = Self.parts(of: type.encodedType)
        let values = zip(fields, members).map { field, word in (field.name, value(word, of: field)) }
        return Self.tuple([("topic", .ascii(Array(Self.kebab(name).utf8)))] + values)
    }

    /// A tuple of members whose names are sorted here.
    public static func tuple(_ members: [(name: String, value: ClarityValue)]) -> ClarityValue {
        let fields = members.compactMap { member in
            ClarityName(bytes: member.name.utf8).map { (name: $0, value: member.value) }
        }
        // The names are written in this program, and none of them twice.
        return ClarityTuple(fields).map { .tuple($0) } ?? .none
    }

    /// An account of this chain as a value.
    public func principal(_ address: Address) -> ClarityValue { .principal(account(address)) }

    /// An asset as a contract takes it: the principal of its contract, or none for the coin.
    ///
    /// What is not known becomes an account, which is never the coin and never a token.
    public func token(_ address: Address) -> ClarityValue {
        guard let asset = asset(address) else { return .some(principal(address)) }
        return asset.contract.map { .some(.principal($0)) } ?? .none
    }

    private func value(_ word: ABI.Word, of field: Field) -> ClarityValue {
        switch field.type {
        case "address":
            let address = Address(word.bytes.bytes.suffix(20)) ?? .zero
            return switch field.name {
            case "token": token(address)
            case "payer-authorizer": address == .zero ? .none : .some(principal(address))
            default: principal(address)
            }
        case "bytes32": return .buffer(word.bytes.bytes)
        default: return .uint(word.bytes.bytes.suffix(16).reduce(0) { $0 << 8 | UInt128($1) })
        }
    }

    // MARK: - Types

    private struct Field {
        let type: String
        let name: String
    }

    /// The name and the members of an encoded type, such as `Refund(bytes32 channelId,uint256 nonce)`.
    private static func parts(of encodedType: String) -> (name: String, fields: [Field]) {
        guard let open = encodedType.firstIndex(of: "("), let close = encodedType.firstIndex(of: ")") else {
            return (encodedType, [])
        }
        let members = encodedType[encodedType.index(after: open)..<close].split(separator: ",")
        return (
            String(encodedType[..<open]),
            members.map { member in
                let words = member.split(separator: " ")
                return Field(type: String(words.first ?? ""), name: kebab(String(words.last ?? "")))
            }
        )
    }

    /// `maxClaimableAmount` becomes `max-claimable-amount`.
    private static func kebab(_ name: String) -> String {
        var text = ""
        for character in name {
            if character.isUppercase, !text.isEmpty { text.append("-") }
            text += character.lowercased()
        }
        return text
    }
}
