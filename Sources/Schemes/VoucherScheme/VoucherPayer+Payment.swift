// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

extension VoucherPayer {
    /// What was signed for one request.
    public struct Payment: Hashable, Sendable {
        /// How it was signed.
        public enum Manner: Hashable, Sendable {
            /// For what was charged and its own price; nothing else was in flight.
            case exact
            /// On top of what was in flight.
            case ahead
            /// Ahead, and a payment that was signed exactly was answered since: so it had not been taken then.
            case past
        }

        public let price: Amount
        public let ceiling: Amount
        /// `nil` when the channel holds enough already.
        public let deposit: DepositLeave?
        public internal(set) var manner = Manner.exact

        init(price: Amount, ceiling: Amount, deposit: DepositLeave?, manner: Manner = .exact) {
            self.price = price
            self.ceiling = ceiling
            self.deposit = deposit
            self.manner = manner
        }

        /// What was charged when it was signed, where it was signed exactly.
        var start: Amount { ceiling.clampedSubtracting(price) }
    }

    /// The payments that are in flight.
    public var inFlight: [Payment] {
        switch phase {
        case .idle, .refunding: []
        case .awaiting(let payment): [payment]
        case .ahead(let payments): payments
        }
    }
}

extension [VoucherPayer.Payment] {
    /// What those that were signed ahead may cost together; the largest amount when there is no such sum.
    var price: Amount {
        reduce(.zero) { $1.manner == .exact ? $0 : $0.adding($1.price) ?? .max }
    }
}
