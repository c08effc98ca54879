// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension VoucherChannel {
    /// A voucher that is set aside for one request.
    public struct Reservation: Hashable, Sendable {
        public let id: ReservationID
        public let voucher: Voucher
        /// The most that the request may cost.
        public let price: Amount
        /// When the request counts as abandoned.
        public let until: Instant
        /// How far the payer may sign ahead, where it does; `nil` where it signs exactly what is due.
        public let ahead: SigningAhead?
        private let box: DepositBox

        public init(
            id: ReservationID, voucher: Voucher, price: Amount, deposit: SignedDeposit?, until: Instant,
            ahead: SigningAhead? = nil
        ) {
            self.id = id
            self.voucher = voucher
            self.price = price
            self.until = until
            // A deposit wants the channel to itself, and so does whoever sends one.
            self.ahead = deposit == nil ? ahead : nil
            box = deposit.map { .full($0) } ?? .empty
        }

        public var deposit: SignedDeposit? { if case .full(let deposit) = box { deposit } else { nil } }

        /// The same for a request that had to wait before it was let in.
        public func renewed(until: Instant) -> Reservation {
            Reservation(id: id, voucher: voucher, price: price, deposit: deposit, until: until, ahead: ahead)
        }

        /// Whether other requests may be in flight on the channel beside this one.
        public var isAhead: Bool { ahead != nil }
    }

    /// Most requests bring no deposit, so one that does keeps it elsewhere, and the others are small.
    private enum DepositBox: Hashable, Sendable {
        case empty
        indirect case full(SignedDeposit)
    }
}
