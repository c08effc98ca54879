// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

extension LotContract {
    // MARK: - Tickets

    mutating func enter(_ ticket: LotTicket, _ signature: Signature, in context: ContractContext) throws(Refusal) {
        guard phase == .open else { throw .notOpen(phase: phaseName) }
        guard ticket.index < terms.ticketCount else {
            throw .beyondEnd(index: ticket.index, count: terms.ticketCount)
        }
        guard context.seconds(until: terms.closesAt) > 0 else {
            throw .over(since: terms.closesAt, now: context.block.time)
        }
        let place = tickets.firstIndex { $0.index >= ticket.index } ?? tickets.endIndex
        guard place == tickets.endIndex || tickets[place].index != ticket.index else {
            throw .taken(index: ticket.index)
        }
        guard ticket.payee != terms.payer, context.canPay(ticket.payee, in: terms.token) else {
            throw .invalidPayee(ticket.payee)
        }
        let digest = ticket.digest(for: context.channel, in: context.domain)
        guard signature.isBy(terms.payer, over: digest) else { throw .ticketSignature }
        tickets.insert(ticket, at: place)
        if tickets.count == Int(terms.ticketCount) { phase = drawing(after: context.block) }
    }

    mutating func close(in context: ContractContext) throws(Refusal) -> [Payout] {
        switch phase {
        case .unfunded: throw .notOpen(phase: phaseName)
        case .open:
            guard context.seconds(until: terms.closesAt) <= 0 else {
                throw .notOver(until: terms.closesAt, now: context.block.time)
            }
            guard tickets.isEmpty else {
                phase = drawing(after: context.block)
                return []
            }
            return close(paying: [])
        case .drawing, .closed: return []
        }
    }

    /// The payer may reveal in so many blocks after this one; the next decides.
    private func drawing(after block: Block) -> Phase {
        .drawing(block: Self.sum(block.height, terms.revealBlocks + 1))
    }

    // MARK: - Draw

    mutating func reveal(_ secret: Hash32, in context: ContractContext) throws(Refusal) {
        guard case .drawing(let deciding) = phase else { throw .notDrawing(phase: phaseName) }
        guard LotTerms.commitment(to: secret, tag: terms.tag(in: context.domain)) == terms.commitment else {
            throw .foreignSecret
        }
        let now = context.block.height
        guard now < deciding else { throw .tooLate(since: deciding, block: now) }
        self.secret = secret
    }

    mutating func draw(in context: ContractContext) throws(Refusal) -> [Payout] {
        switch phase {
        case .unfunded, .open: throw .notDrawing(phase: phaseName)
        case .closed: return []
        case .drawing(let deciding):
            guard let secret else { throw .notRevealed }
            let (first, now) = (Self.sum(deciding, 1), context.block.height)
            let end = Self.sum(deciding, LotTerms.drawBlocks + 1)
            guard now >= first else { throw .tooEarly(until: first, block: now) }
            guard now < end || drawsUntil(in: context) != nil else { throw .tooLate(since: end, block: now) }
            guard let hash = context.awaitedHash,
                let place = LotDraw.place(secret: secret, blockHash: hash, among: tickets.count)
            else { throw .unknownHash(of: deciding) }
            return close(paying: tickets.map { _ in tickets[place].payee })
        }
    }

    mutating func share(in context: ContractContext) throws(Refusal) -> [Payout] {
        switch phase {
        case .unfunded, .open: throw .notDrawing(phase: phaseName)
        case .closed: return []
        case .drawing(let deciding):
            let first = secret == nil ? deciding : Self.sum(deciding, LotTerms.drawBlocks + 1)
            let now = context.block.height
            guard now >= first else { throw .tooEarly(until: first, block: now) }
            if secret != nil, let until = drawsUntil(in: context) {
                throw .drawTimeRuns(until: until, now: context.block.time)
            }
            return close(paying: tickets.map(\.payee))
        }
    }

    /// Until when a lot may be drawn at the least, however fast blocks are made; `nil` when that has passed.
    ///
    /// Otherwise a payer that has read the deciding hash, and does not like it, could make all blocks of the time to
    /// draw before anybody else has read it.
    private func drawsUntil(in context: ContractContext) -> Instant? {
        guard let decided = context.awaitedTime,
            let until = context.leastEnd(of: LotTerms.drawBlocks, from: decided), context.block.time < until
        else { return nil }
        return until
    }

    /// Closes the lot: pays the value of one ticket for each payee named, and the rest to the payer.
    ///
    /// - Parameter payees: One for each ticket that was entered; who is named more than once is paid at once.
    private mutating func close(paying payees: [Address]) -> [Payout] {
        var counts: [Address: UInt16] = [:]
        let receivers = payees.filter { payee in
            counts[payee, default: 0] += 1
            return counts[payee] == 1
        }
        phase = .closed
        let payouts = receivers.map { Payout(to: $0, value(of: counts[$0] ?? 0)) }
        let rest = value(of: terms.ticketCount - UInt16(clamping: payees.count))
        return rest.isZero ? payouts : payouts + [Payout(to: terms.payer, rest)]
    }

    /// What so many of the lot's tickets are worth; never more than the deposit.
    private func value(of count: UInt16) -> Amount { terms.ticketValue.multiplied(by: UInt128(count)) ?? .max }

    private static func sum(_ height: UInt64, _ blocks: UInt64) -> UInt64 {
        let (sum, overflow) = height.addingReportingOverflow(blocks)
        return overflow ? .max : sum
    }
}
