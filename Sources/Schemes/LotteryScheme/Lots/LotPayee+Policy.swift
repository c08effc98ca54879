// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

extension LotPayee {
    /// Which lots a payee is paid with.
    public struct Policy: Hashable, Sendable {
        /// What the payee is paid in.
        public var token: Address
        /// The most tickets of a lot: of so many one wins.
        public var mostTickets: UInt16
        /// The most that all tickets may be worth together.
        ///
        /// Whoever makes the deciding block can throw it away at the price of that block: a lot should be worth less.
        public var mostValue: Amount
        /// The least time that the payer has to reveal its secret.
        ///
        /// - Unit: blocks.
        public var leastRevealBlocks: UInt64
        /// For how long tickets may still be entered when one is taken: the draw comes no later than that, and the
        /// blocks to reveal and to draw in.
        ///
        /// - Unit: seconds.
        public var longestWait: Int64
        /// How much time must be left to enter a ticket.
        ///
        /// - Unit: seconds.
        public var margin: Int64

        public init(
            token: Address, mostTickets: UInt16 = LotTerms.ticketCounts.upperBound, mostValue: Amount,
            leastRevealBlocks: UInt64 = LotTerms.revealPeriods.lowerBound, longestWait: Int64 = 30 * 86_400,
            margin: Int64 = LotteryChannel.safetyMargin
        ) {
            self.token = token
            self.mostTickets = mostTickets
            self.mostValue = mostValue
            self.leastRevealBlocks = leastRevealBlocks
            self.longestWait = longestWait
            self.margin = margin
        }
    }

    /// Refuses a ticket whose lot, or whose worth, is none for us.
    func check(_ payment: LotPayment, price: Amount, _ policy: Policy) throws(Refusal) {
        guard payment.lot == id else { throw .foreignLot }
        guard terms.token == policy.token else { throw .foreignToken(terms.token) }
        guard terms.ticketCount <= policy.mostTickets else {
            throw .tooManyTickets(count: terms.ticketCount, most: policy.mostTickets)
        }
        guard let value = terms.deposit, value <= policy.mostValue else {
            throw .tooMuchValue(terms.deposit ?? .max, most: policy.mostValue)
        }
        guard terms.revealBlocks >= policy.leastRevealBlocks else {
            throw .shortReveal(blocks: terms.revealBlocks, least: policy.leastRevealBlocks)
        }
        guard terms.ticketValue >= price else { throw .tooLittle(worth: terms.ticketValue, price: price) }
    }

    /// Refuses a ticket that cannot be entered any more, or not for us.
    func check(
        _ ticket: LotTicket, _ policy: Policy, in snapshot: ContractSnapshot<LotContract>, at now: Instant
    ) throws(Refusal) {
        guard ticket.payee == payee else { throw .foreignPayee(ticket.payee) }
        guard ticket.index < terms.ticketCount else {
            throw .beyondEnd(index: ticket.index, count: terms.ticketCount)
        }
        guard !held.contains(where: { $0.index == ticket.index }) else { throw .takenBefore(index: ticket.index) }
        guard let stand, stand.phase != .unfunded else { throw .notFunded }
        guard stand.phase == .open else { throw .notOpen(phase: stand.phase.name) }
        let left = stand.seconds(until: terms.closesAt, at: now)
        guard left > policy.margin else { throw .ending(at: terms.closesAt, now: now, margin: policy.margin) }
        guard left <= policy.longestWait else { throw .tooLong(seconds: left, longest: policy.longestWait) }
        guard !snapshot.state.tickets.contains(where: { $0.index == ticket.index }) else {
            throw .taken(index: ticket.index)
        }
    }
}
