// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402

/// What an operator wants to know of a channel.
public struct ChannelSummary: Sendable {
    public let id: ChannelID
    public let scheme: String
    /// What the channel was opened with, as it travels.
    public let terms: JSON
    public let status: String
    /// What was deposited, as far as is known here.
    public let balance: Amount
    public let authorised: Amount
    public let charged: Amount
    public let captured: Amount
    public let credit: Amount
    public let claimable: Amount
    /// What can be given back now; `nil` where no payee gives anything back.
    public let refundable: Amount?
    public let withdrawal: PendingWithdrawal?
    /// From when on a two-way channel that is ending pays; `nil` for all others.
    public let paysAt: Instant?
    public let lastPaidAt: Instant?
    public let version: Version

    init(_ channel: VoucherChannel, version: Version) {
        id = channel.id
        scheme = VoucherChannel.schemeName
        let terms = channel.terms
        self.terms = [
            "payer": .string(terms.payer.checksummed), "payerAuthorizer": .string(terms.payerAuthorizer.checksummed),
            "receiver": .string(terms.receiver.checksummed),
            "receiverAuthorizer": .string(terms.receiverAuthorizer.checksummed),
            "token": .string(terms.token.checksummed), "withdrawDelay": .integer(terms.withdrawDelay),
            "salt": .string(terms.salt.hex),
        ]
        status =
            switch channel.phase {
            case .idle: channel.ledger.withdrawal == nil ? "open" : "withdrawing"
            case .serving: "serving"
            case .depositing: "depositing"
            case .refunding: "refunding"
            }
        balance = channel.ledger.balance
        authorised = channel.authorised
        charged = channel.charged
        captured = channel.ledger.totalClaimed
        credit = channel.credit
        claimable = channel.claimable
        refundable = channel.refundable
        withdrawal = channel.ledger.withdrawal
        paysAt = nil
        lastPaidAt = channel.lastPaidAt
        self.version = version
    }

    init<Scheme: PrepaidOrders>(_ channel: Scheme, version: Version) {
        id = channel.id
        scheme = Scheme.schemeName
        terms = Scheme.json(of: channel.terms)
        status = channel.status
        balance = channel.deposited
        authorised = channel.purse.authorised
        charged = channel.purse.charged
        captured = channel.captured
        credit = channel.purse.credit
        claimable = channel.unclaimed
        refundable = nil
        withdrawal = nil
        paysAt = channel.lookAgainAt
        lastPaidAt = channel.lastPaidAt
        self.version = version
    }

    public var json: JSON {
        let names: JSON = ["id": .string("\(id)"), "scheme": .string(scheme), "status": .string(status)]
        let sums: JSON = .object([
            "balance": .string("\(balance)"), "authorised": .string("\(authorised)"),
            "charged": .string("\(charged)"), "captured": .string("\(captured)"), "credit": .string("\(credit)"),
            "claimable": .string("\(claimable)"), "refundable": refundable.map { .string("\($0)") },
            "withdrawal": withdrawal.map {
                ["amount": .string("\($0.amount)"), "requestedAt": .integer($0.requestedAt.unixSeconds)]
            },
            "paysAt": paysAt.map { .integer($0.unixSeconds) },
            "lastPaidAt": lastPaidAt.map { .integer($0.unixSeconds) },
            "version": .integer(version.number),
        ])
        return .object((names.members ?? []) + (terms.members ?? []) + (sums.members ?? []))
    }
}
