// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Something that happened on the ledger or the chain.
///
/// - Source: the events of x402BatchSettlement and of ERC-20 tokens, under the same names.
public struct SettlementEvent: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case channelCreated(ChannelID, ChannelTerms)
        case deposited(ChannelID, amount: Amount, newBalance: Amount)
        case claimed(ChannelID, amount: Amount, newTotal: Amount)
        case settled(receiver: Address, token: Address, amount: Amount)
        case refunded(ChannelID, amount: Amount)
        case withdrawInitiated(ChannelID, amount: Amount, finalizeAfter: Instant)
        case withdrawFinalized(ChannelID, amount: Amount)
        case channelClosed(ChannelID)
        /// Money that went from account to account, outside all channels.
        case transferred(from: Address, to: Address, token: Address, amount: Amount)
        /// Money was locked in a channel of another contract than that of vouchers.
        case funded(ChannelID, kind: String, payer: Address, token: Address, amount: Amount)
        /// Such a contract paid out.
        case paidOut(ChannelID, receiver: Address, token: Address, amount: Amount)
        /// Such a channel has come so far: `closed`, say.
        case advanced(ChannelID, to: String)
        /// The chain's coin moved in such a channel, which no log tells more of.
        case moved(ChannelID)
        /// New money on the embedded ledger; no chain has this one.
        case minted(account: Address, token: Address, amount: Amount)
    }

    /// Rises from event to event; on an embedded ledger from 1, without a gap.
    public let sequence: UInt64
    public let block: Block
    public let transaction: TransactionID
    public let kind: Kind

    public init(sequence: UInt64, block: Block, transaction: TransactionID, kind: Kind) {
        self.sequence = sequence
        self.block = block
        self.transaction = transaction
        self.kind = kind
    }

    /// The channel that it is about, if it is about one.
    public var channel: ChannelID? {
        switch kind {
        case .channelCreated(let id, _), .deposited(let id, _, _), .claimed(let id, _, _), .refunded(let id, _),
            .withdrawInitiated(let id, _, _), .withdrawFinalized(let id, _), .channelClosed(let id),
            .funded(let id, _, _, _, _), .paidOut(let id, _, _, _), .advanced(let id, _),
            .moved(let id):
            id
        case .settled, .transferred, .minted: nil
        }
    }

    /// Whether it is about a channel of another contract than that of vouchers.
    public var isOfContract: Bool {
        switch kind {
        case .funded, .paidOut, .advanced, .moved: true
        default: false
        }
    }

    /// The name of the event in the contract's or the token's ABI.
    public var name: String {
        switch kind {
        case .channelCreated: "ChannelCreated"
        case .deposited: "Deposited"
        case .claimed: "Claimed"
        case .settled: "Settled"
        case .refunded: "Refunded"
        case .withdrawInitiated: "WithdrawInitiated"
        case .withdrawFinalized: "WithdrawFinalized"
        case .channelClosed: "ChannelClosed"
        case .transferred: "Transfer"
        case .funded: "Funded"
        case .paidOut: "PaidOut"
        case .advanced: "Advanced"
        case .moved: "Moved"
        case .minted: "Minted"
        }
    }
}
