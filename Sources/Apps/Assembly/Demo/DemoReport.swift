// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives

/// What a demo came to, and whether every unit is accounted for.
public struct DemoReport: Sendable {
    public struct Row: Sendable {
        public let scheme: String
        public let requests: Int
        public let channels: Int
        public let elapsed: Duration
        /// How long each request took, in order of length.
        public let times: [Duration]
        public let deposited: Amount
        public let authorised: Amount
        public let charged: Amount
        public let captured: Amount
        public internal(set) var refunded: Amount
        /// Whether luck decides what is captured: on average it is what was charged.
        public let isByLuck: Bool

        /// What is still locked.
        var rest: Amount { deposited.clampedSubtracting(captured).clampedSubtracting(refunded) }

        public var perSecond: Double { Double(requests) / (elapsed / .seconds(1)) }

        /// - Parameter share: From 0 to 1: 0.5 is the median.
        public func percentile(_ share: Double) -> Duration {
            times.isEmpty ? .zero : times[min(times.count - 1, Int(Double(times.count) * share))]
        }
    }

    public struct Holding: Hashable, Sendable {
        public let who: String
        public let amount: Amount
    }

    public struct Balances: Hashable, Sendable {
        public var before: [Holding] = []
        public var after: [Holding] = []
    }

    /// What a recount of the place found in which the money is.
    public struct Audit: Sendable {
        public let faults: [String]
        public let events: UInt64
        /// What transactions took; nothing on a ledger.
        public let gas: [Gas]
    }

    /// All transactions that called one function of a contract.
    public struct Gas: Hashable, Sendable {
        public let scheme: String
        public let operation: String
        public let calls: UInt64
        /// On average.
        ///
        /// - Unit: gas.
        public let each: UInt64
    }

    public let storePath: String
    public let ledgerPath: String
    public let token: Token
    public let network: Network
    /// One for each way to pay.
    public let rows: [Row]
    public let balances: Balances
    /// Whether the money is none.
    public let isSimulated: Bool
    public let audit: Audit

    /// What does not add up; empty when every unit is where it should be.
    ///
    /// The ledger's own audit recounts its tables and its events; the rest is compared with what the wallet and
    /// the channels say.
    public var faults: [String] {
        var faults = audit.faults
        func expect(_ holds: Bool, _ what: String) {
            if !holds { faults.append(what) }
        }
        let before = total(balances.before)
        let after = total(balances.after)
        expect(before == after, "there were \(before) before and \(after) after")
        var captured = Amount.zero
        for row in rows {
            expect(row.charged <= row.authorised, "\(row.scheme): more was charged than authorised")
            expect(
                row.isByLuck || row.authorised <= row.deposited, "\(row.scheme): more was authorised than deposited")
            expect(
                row.isByLuck || row.captured == row.charged,
                "\(row.scheme): \(row.charged) was charged and \(row.captured) captured")
            expect(
                row.deposited == row.captured.adding(row.refunded),
                "\(row.scheme): of \(row.deposited) deposited, \(row.captured) was captured and \(row.refunded) refunded"
            )
            captured = captured.adding(row.captured) ?? .max
        }
        expect(gain("payee") == captured, "the payee got \(gain("payee").map { "\($0)" } ?? "less than nothing")")
        expect(balances.after.last?.amount == .zero, "money is left in the channels")
        return faults
    }

    public var isConserved: Bool { faults.isEmpty }

    /// How many events were recounted.
    public var ledgerEvents: UInt64 { audit.events }

    private func total(_ holdings: [Holding]) -> Amount { holdings.reduce(.zero) { $0.adding($1.amount) ?? .max } }

    private func gain(_ who: String) -> Amount? {
        guard let before = balances.before.first(where: { $0.who == who }),
            let after = balances.after.first(where: { $0.who == who })
        else { return nil }
        return after.amount.subtracting(before.amount)
    }

    public var json: JSON {
        [
            "simulated": .bool(isSimulated),
            "network": .string("\(network)"),
            "token": ["address": .string(token.address.checksummed), "symbol": .string(token.symbol)],
            "store": .string(storePath),
            "ledger": isSimulated ? .string(ledgerPath) : .null,
            "gas": .array(
                audit.gas.map {
                    [
                        "scheme": .string($0.scheme), "operation": .string($0.operation),
                        "calls": .integer(Int($0.calls)), "each": .integer(Int($0.each)),
                    ]
                }),
            "rows": .array(rows.map(\.json)),
            "balances": ["before": json(balances.before), "after": json(balances.after)],
            "faults": .array(faults.map { .string($0) }),
            "conserved": .bool(isConserved),
        ]
    }

    private func json(_ holdings: [Holding]) -> JSON {
        .array(
            holdings.map {
                ["who": .string($0.who), "amount": .string("\($0.amount)")]
            })
    }
}

extension DemoReport.Row {
    fileprivate var json: JSON {
        [
            "scheme": .string(scheme), "requests": .integer(requests), "channels": .integer(channels),
            "paymentsPerSecond": .integer(Int(perSecond)),
            "p50Microseconds": .integer(Int(percentile(0.5) / .microseconds(1))),
            "p99Microseconds": .integer(Int(percentile(0.99) / .microseconds(1))),
            "deposited": .string("\(deposited)"), "authorised": .string("\(authorised)"),
            "charged": .string("\(charged)"), "captured": .string("\(captured)"), "refunded": .string("\(refunded)"),
        ]
    }
}
