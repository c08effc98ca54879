// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingHTTP402Client
public import FarthingPrimitives

/// One thing that the wallet did with its money, or meant to do.
public struct JournalEntry: Hashable, Sendable, Identifiable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case payment
        case refund
        case withdrawal
    }

    public enum State: String, Hashable, Sendable, CaseIterable {
        /// It was signed, and may be on its way. After a crash it stays so until the books are looked at.
        case pending
        /// The payee took it.
        case paid
        /// The payee says that it did not take it; while it could all the same, it counts as spent.
        case refused
        /// Nobody knows. It counts as spent until the payee or the settlement tells.
        case unknown
        /// It was not taken, as far as is known.
        ///
        /// One that others' answers leave in doubt counts as before; one that the payee says it did not charge counts
        /// nothing.
        case notTaken = "not-taken"
    }

    public let id: Int64
    public let at: Instant
    public let kind: Kind
    public let host: String
    public let method: String
    public let url: String
    public let scheme: String
    public let network: Network
    public let asset: Address
    public let receiver: Address
    public let channel: ChannelID?
    /// What was signed for in all.
    public let ceiling: Amount?
    /// The payment identifier that went along.
    public let identifier: String?
    /// The most that it could cost.
    public let price: Amount
    /// What was locked, or signed to be locked, along with it.
    public let deposit: Amount
    public let state: State
    /// What it cost, or what came back.
    public let charged: Amount
    /// Why it was refused, or what is not known.
    public let code: String?
    public let transaction: TransactionID?
    /// Whether it may still turn out to have been taken.
    public let isInDoubt: Bool
    /// What of it the budgets count as spent.
    public let counted: Amount
}

extension JournalEntry {
    /// The host for people: a peer's id or key as it was given, where ``host`` has it in lower case.
    public var shownHost: String {
        (try? RequestedResource(method: method, url: url))?.shownHost ?? host
    }
}

/// What an entry is made from.
public struct JournalDraft: Hashable, Sendable {
    public var kind: JournalEntry.Kind = .payment
    public var intent: PaymentIntent
    public var channel: ChannelID?
    public var ceiling: Amount?
    public var identifier: String?

    public init(
        kind: JournalEntry.Kind = .payment, intent: PaymentIntent, channel: ChannelID? = nil, ceiling: Amount? = nil,
        identifier: String? = nil
    ) {
        self.kind = kind
        self.intent = intent
        self.channel = channel
        self.ceiling = ceiling
        self.identifier = identifier
    }
}

/// What became of an entry.
public struct JournalOutcome: Hashable, Sendable {
    public var state: JournalEntry.State
    public var charged: Amount
    public var code: String?
    public var transaction: TransactionID?
    /// Whether the same request is paid for anew at once, so that its host need not be asked about again.
    var goesOn: Bool

    public init(
        _ state: JournalEntry.State, charged: Amount = .zero, code: String? = nil, transaction: TransactionID? = nil
    ) {
        self.init(state, charged: charged, code: code, transaction: transaction, goesOn: false)
    }

    init(
        _ state: JournalEntry.State, charged: Amount = .zero, code: String? = nil, transaction: TransactionID? = nil,
        goesOn: Bool
    ) {
        self.goesOn = goesOn
        self.state = state
        self.charged = charged
        self.code = code
        self.transaction = transaction
    }
}

/// What was found out about the payments of a channel whose outcome was unknown.
public enum DoubtsSettled: Hashable, Sendable {
    /// None was taken; unless `isFinal`, a copy that is still on its way may yet be.
    case noneTaken(isFinal: Bool)
    /// The payee took so much in all, by the voucher with this ceiling.
    case taken(Amount, ceiling: Amount, isFinal: Bool)
    /// The payee took so much in all of several that were in flight together; nobody can tell by which.
    case takenTogether(Amount, isFinal: Bool)
}
