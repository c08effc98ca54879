// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEVMSettlement
public import FarthingPrimitives

/// Where a payee's channels are settled.
public enum SettlementPlace: Sendable {
    /// An embedded ledger in a file.
    ///
    /// - Parameter newOn: What a new ledger simulates; `nil` opens only one that is there.
    case ledger(path: String, newOn: SettlementDomain?)
    /// An x402 facilitator elsewhere.
    case facilitator(url: String, SettlementDomain, Token)
    /// Contracts on an EVM chain.
    case chain(ChainPlace)
    /// Contracts on a Stacks chain.
    case stacks(StacksPlace)

    /// The word for it in settings and reports.
    public var name: String {
        switch self {
        case .ledger: "ledger"
        case .facilitator: "facilitator"
        case .chain: "evm"
        case .stacks: "stacks"
        }
    }

    /// How accounts are made from keys there.
    var accounts: AccountForm {
        if case .stacks = self { return .hash160 }
        return .keccak
    }

    /// Kept in the store, as channels of the one are nothing to the other.
    ///
    /// Never changed once released.
    var mark: UInt64 {
        switch self {
        case .ledger: 1
        case .facilitator: 2
        case .chain: 3
        case .stacks: 4
        }
    }

    static func name(ofMark mark: UInt64) -> String {
        switch mark {
        case 1: "ledger"
        case 2: "facilitator"
        case 3: "evm"
        case 4: "stacks"
        default: "something newer"
        }
    }
}

/// An EVM chain on which channels are settled, and how it is reached.
public struct ChainPlace: Sendable {
    /// Where the endpoints are; they may hold keys to paid accounts, so they are shown to nobody.
    public var urls: [String]
    /// How many endpoints must say the same of money; `nil` for more than half of them.
    public var quorum: Int?
    public var contracts: ContractRegistry
    public var token: Token
    public var sending = SendingPolicy()
    /// Before it nothing happened that matters here; `nil` for the newest when a store is used for the first time.
    public var firstBlock: UInt64?

    public init(urls: [String], contracts: ContractRegistry, token: Token) {
        self.urls = urls
        self.contracts = contracts
        self.token = token
    }

    /// Whether there is a contract for a way to pay.
    func settles(_ scheme: PaymentScheme) -> Bool {
        // Vouchers are of tokens: x402's contract takes no coin.
        guard let channels = scheme.prepaid else { return !token.isCoin }
        return contracts.contracts[channels.contractKind] != nil
    }

    /// The contract of vouchers.
    public var voucherContract: Address { contracts.settlement.contract }

    /// - Parameter signer: The key whose account pays for transactions; `nil` sends none.
    func open(signer: (any Signer)?) throws(SettlementError) -> EVMSettlement {
        try EVMSettlement(
            urls: urls, signer: signer, contracts: contracts, tokens: [token], quorum: quorum, sending: sending,
            firstBlock: firstBlock ?? 0)
    }
}

extension SettlementDomain {
    /// Chain and contract, in a number that differs for others.
    var mark: UInt64 {
        let text = "\(network) \(contract.hex)"
        return Keccak256.hash(utf8: text).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } >> 1
    }
}
