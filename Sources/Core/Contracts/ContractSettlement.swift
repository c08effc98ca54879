// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Where contracts run: an embedded ledger, or a chain.
///
/// Every call that moves money may be made twice: the second answers like the first, or says that nothing was left to
/// do.
public protocol ContractSettlement: SettlementView {
    /// Whether whoever asks is told of each change of a contract; where not, channels must be read again in time.
    var tellsChanges: Bool { get }

    /// Where the contract with these rules is; `nil` when this place has none.
    func contractDomain(of kind: ContractKind) -> ContractDomain?

    /// For how many blocks an end may be challenged in all channels of a contract; `nil` where their terms say it, each
    /// for itself.
    func challengeBlocks(of kind: ContractKind) async throws(ContractError) -> UInt64?

    /// A channel as it stands in the newest block, or `nil` when nothing was ever deposited in it.
    func contract<Rules: ContractRules>(
        _ rules: Rules.Type, of channel: ChannelID
    ) async throws(ContractError) -> ContractSnapshot<Rules>?

    /// The channels under these rules in which an account ever put money, the oldest first.
    ///
    /// - Parameters:
    ///   - payer: Who paid, not who is named in the terms.
    ///   - block: Channels that it paid into before that are left out.
    func contracts<Rules: ContractRules>(
        _ rules: Rules.Type, fundedBy payer: Address, since block: UInt64
    ) async throws(ContractError) -> [FundedContract]

    /// Locks money in a channel, and opens it with the first. The same authorisation a second time changes nothing.
    func fund<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, with funding: Funding
    ) async throws(ContractError) -> ContractReceipt<Rules>

    /// Carries out an order.
    func carryOut<Rules: ContractRules>(
        _ order: Rules.Order, on channel: ChannelID, under rules: Rules.Type
    ) async throws(ContractError) -> ContractReceipt<Rules>
}

extension ContractSettlement {
    public var tellsChanges: Bool { true }

    /// On a ledger the terms say it.
    public func challengeBlocks(of kind: ContractKind) async throws(ContractError) -> UInt64? { nil }

    /// Where channels cannot be looked up by who paid, none can be found that way.
    public func contracts<Rules: ContractRules>(
        _ rules: Rules.Type, fundedBy payer: Address, since block: UInt64
    ) async throws(ContractError) -> [FundedContract] { throw .unavailable(Rules.kind) }
}

/// A channel that somebody paid into.
public struct FundedContract: Hashable, Sendable {
    public let channel: ChannelID
    /// The height of the block of the first deposit of that account.
    public let openedIn: UInt64

    public init(channel: ChannelID, openedIn: UInt64) {
        self.channel = channel
        self.openedIn = openedIn
    }
}

/// A channel as a contract knew it in a block.
public struct ContractSnapshot<Rules: ContractRules>: Hashable, Sendable {
    public let state: Rules
    public let block: Block

    public init(state: Rules, block: Block) {
        self.state = state
        self.block = block
    }
}

/// What came of an order.
public struct ContractReceipt<Rules: ContractRules>: Hashable, Sendable {
    /// `nil` when nothing was left to do.
    public let transaction: TransactionID?
    /// What was paid to whom.
    public let payouts: [Payout]
    /// The channel as it was read afterwards, which on a chain may be some blocks later.
    public let snapshot: ContractSnapshot<Rules>
    /// The height of the block in which the order was carried out; the snapshot's when nothing was left to do.
    public let height: UInt64

    /// - Parameter height: `nil` for the snapshot's.
    public init(
        transaction: TransactionID?, payouts: [Payout], snapshot: ContractSnapshot<Rules>, height: UInt64? = nil
    ) {
        self.transaction = transaction
        self.payouts = payouts
        self.snapshot = snapshot
        self.height = height ?? snapshot.block.height
    }
}

/// Why a contract did not do what it was asked.
///
/// Nothing has moved then.
public enum ContractError: ExplainedError, Hashable {
    /// The rules forbid it.
    case refused(ContractRefusal)
    /// Nothing was ever deposited in a channel of this name.
    case unknownChannel(ChannelID)
    /// The contract is not on this ledger or chain.
    case unavailable(ContractKind)
    /// An account, an authorisation or the place itself stands in the way.
    case settlement(SettlementError)

    public var code: String {
        switch self {
        case .refused(let refusal): refusal.code
        case .unknownChannel: "contract.unknown-channel"
        case .unavailable: "contract.unavailable"
        case .settlement(let error): error.code
        }
    }

    public var message: String {
        switch self {
        case .refused(let refusal): refusal.message
        case .unknownChannel(let id): "Nothing was ever deposited in a channel \(id)."
        case .unavailable(let kind): "There is no contract for \(kind.rawValue) here."
        case .settlement(let error): error.message
        }
    }

    public var remedy: String? {
        switch self {
        case .refused(let refusal): refusal.remedy
        case .unknownChannel, .unavailable: nil
        case .settlement(let error): error.remedy
        }
    }
}

/// What some rules refused, without their type.
public struct ContractRefusal: ExplainedError, Hashable {
    public let code: String
    public let message: String
    public let remedy: String?

    public init(_ refusal: some ExplainedError) {
        code = refusal.code
        message = refusal.message
        remedy = refusal.remedy
    }
}
