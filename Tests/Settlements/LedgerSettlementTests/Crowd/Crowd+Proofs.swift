// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

enum ProofDeed: String, CaseIterable {
    case open, openBelow, topUp, topUpAbove, topUpForeign, topUpClosing, fundAgain
    case pay
    case withdraw, withdrawAgain, withdrawAbove, withdrawForged, withdrawOfAnother, withdrawLate
    case closeTogether, closeForged, closeAgain
    case request, requestForged, requestBelow
    case dispute, disputeOld, disputeLate
    case settle, settleEarly, settleFast, settleOpen
}

/// What the crowd knows of a channel of balance proofs.
struct ProofBooks {
    enum Phase {
        case open
        case closing(balance: UInt128, settleBlock: UInt64, settleTime: Instant)
        case closed
    }

    let parties: ProofParties
    var deposit: UInt128
    var withdrawn: UInt128 = 0
    /// The newest balance that the sender signed.
    var signed: UInt128 = 0
    var phase = Phase.open
    var last: Funding

    var isOpen: Bool { if case .open = phase { true } else { false } }
    var isClosed: Bool { if case .closed = phase { true } else { false } }
    /// The balance with which the sender wants to end.
    var closing: UInt128? { if case .closing(let balance, _, _) = phase { balance } else { nil } }

    /// Whether an end can be disputed no more in the block after this one.
    func isOver(after block: Block) -> Bool {
        guard case .closing(_, let settleBlock, let settleTime) = phase else { return false }
        return block.height + 1 > settleBlock && block.time >= settleTime
    }

    func isDeep(after block: Block) -> Bool {
        guard case .closing(_, let settleBlock, _) = phase else { return false }
        return block.height + 1 > settleBlock
    }
}

extension Crowd {
    private typealias Rules = BalanceProofContract

    func attempt(_ deed: ProofDeed) async throws -> Bool {
        switch deed {
        case .open, .openBelow, .topUp, .topUpAbove, .topUpForeign, .topUpClosing, .fundAgain:
            return try await attemptDeposit(deed)
        case .pay:
            guard let place = pick(proofs, where: { $0.isOpen && $0.signed < $0.deposit }) else { return false }
            let more = number(1...(proofs[place].deposit - proofs[place].signed))
            proofs[place].signed += more
            sums[proofs[place].parties.channel]?.authorised += more
            return true
        case .withdraw, .withdrawAgain, .withdrawAbove, .withdrawForged, .withdrawOfAnother, .withdrawLate:
            return try await attemptWithdrawal(deed)
        case .closeTogether, .closeForged, .closeAgain, .request, .requestForged, .requestBelow:
            return try await attemptEnd(deed)
        case .dispute, .disputeOld, .disputeLate, .settle, .settleEarly, .settleFast, .settleOpen:
            return try await attemptChallenge(deed)
        }
    }

    /// Ends that say too little are disputed while they can be.
    func watchProofs() async throws {
        for place in proofs.indices where isDisputable(proofs[place]) { try await dispute(place) }
    }

    func endProofs() async throws {
        now = try await stage.ledger.head()
        for place in proofs.indices where proofs[place].isOpen { try await request(place, proofs[place].withdrawn) }
        try await pass(blocks: 501, seconds: 500)
        for place in proofs.indices where !proofs[place].isClosed { try await settle(place) }
        for books in proofs {
            #expect(books.withdrawn == books.signed, "a receiver has less than was signed for, \(moment)")
        }
    }

    // MARK: - Deposits

    private func attemptDeposit(_ deed: ProofDeed) async throws -> Bool {
        if deed == .open || deed == .openBelow {
            guard proofs.count(where: { !$0.isClosed }) < 4 else { return false }
            let (payer, payee) = pair()
            let token = token()
            let parties = try ProofParties(
                from: payer, to: payee, in: token, salt: nextSalt(), on: stage.domain.network)
            let amount = deed == .open ? number(20...300) : number(1...9)
            guard holds(payer.address, token.address) >= amount else { return false }
            guard deed == .open else {
                try await refuseFunding("balance-proof.below-minimum", Rules.self, parties.terms, amount, by: payer)
                return true
            }
            let funding = try await fund(Rules.self, parties.terms, amount, by: payer)
            proofs.append(ProofBooks(parties: parties, deposit: amount, last: funding))
            return true
        }
        guard let place = pick(proofs, where: { $0.isOpen != (deed == .topUpClosing) || deed == .fundAgain }) else {
            return false
        }
        let (terms, sender) = (proofs[place].parties.terms, proofs[place].parties.sender)
        let amount = number(1...100)
        let held = holds(sender.address, terms.token)
        switch deed {
        case .fundAgain: try await repeatFunding(Rules.self, terms, proofs[place].last)
        case .topUpAbove:
            guard held >= 5000 else { return false }
            try await refuseFunding("balance-proof.above-maximum", Rules.self, terms, 5000, by: sender)
        case .topUpForeign:
            guard let other = pick(payers.filter { $0.address != sender.address }),
                holds(other.address, terms.token) >= amount
            else { return false }
            try await refuseFunding("balance-proof.foreign-payer", Rules.self, terms, amount, by: other)
        case .topUpClosing:
            guard held >= amount else { return false }
            try await refuseFunding("balance-proof.out-of-turn", Rules.self, terms, amount, by: sender)
        default:
            guard held >= amount, proofs[place].deposit + amount <= 5000 else { return false }
            proofs[place].last = try await fund(Rules.self, terms, amount, by: sender)
            proofs[place].deposit += amount
        }
        return true
    }

    // MARK: - Withdrawals

    private func attemptWithdrawal(_ deed: ProofDeed) async throws -> Bool {
        let place = pick(proofs) { books in
            switch deed {
            case .withdraw: books.isOpen && books.signed > books.withdrawn
            case .withdrawAgain: books.withdrawn > 0
            case .withdrawLate: !books.isOpen && books.withdrawn < books.deposit
            case .withdrawAbove: books.isOpen
            default: books.isOpen && books.withdrawn < books.deposit
            }
        }
        guard let place else { return false }
        let books = proofs[place]
        let parties = books.parties
        switch deed {
        case .withdraw:
            let balance = number((books.withdrawn + 1)...books.signed)
            try await carryOut(
                parties.withdraw(balance), place, paying: [(parties.receiver.address, balance - books.withdrawn)])
            proofs[place].withdrawn = balance
        case .withdrawAgain:
            try await repeatOrder(parties.withdraw(books.withdrawn), on: parties.channel, under: Rules.self)
        case .withdrawLate:
            try await refuse("out-of-turn", parties.withdraw(books.deposit), place)
        case .withdrawAbove:
            try await refuse("exceeds-deposit", parties.withdraw(books.deposit + 1), place)
        case .withdrawForged:
            let forger = chance(2) ? parties.receiver : stage.stranger
            try await refuse("proof-signature", parties.withdraw(books.withdrawn + 1, by: forger), place)
        default:
            guard let other = pick(proofs.filter { $0.parties.channel != parties.channel }) else { return false }
            let balance = books.withdrawn + 1
            let foreign = other.parties.proof(balance, by: parties.sender)
            try await refuse("proof-signature", .withdraw(balance: units(balance), proof: foreign), place)
        }
        return true
    }

    // MARK: - Ends

    private func attemptEnd(_ deed: ProofDeed) async throws -> Bool {
        let place = pick(proofs) { books in
            switch deed {
            case .closeTogether, .closeForged: !books.isClosed
            case .closeAgain: books.isClosed
            case .requestBelow: books.isOpen && books.withdrawn > 0
            default: books.isOpen
            }
        }
        guard let place else { return false }
        let books = proofs[place]
        let parties = books.parties
        switch deed {
        case .closeTogether: try await end(place, parties.closeTogether(books.signed), with: books.signed)
        case .closeForged:
            try await refuse("closing-signature", parties.closeTogether(books.signed, closing: parties.sender), place)
        case .closeAgain:
            try await repeatOrder(parties.closeTogether(books.withdrawn), on: parties.channel, under: Rules.self)
        case .requestForged:
            try await refuse("request-signature", parties.requestClose(books.signed, by: parties.receiver), place)
        case .requestBelow: try await refuse("below-withdrawn", parties.requestClose(books.withdrawn - 1), place)
        default: try await request(place, number(books.withdrawn...books.signed))
        }
        return true
    }

    private func attemptChallenge(_ deed: ProofDeed) async throws -> Bool {
        let now = now
        let place = pick(proofs) { books in
            let isClosing = books.closing != nil
            let (isOver, isDeep) = (books.isOver(after: now), books.isDeep(after: now))
            return switch deed {
            case .dispute: isDisputable(books)
            case .disputeLate: isOver && (books.closing ?? 0) < books.deposit
            case .settle: isOver
            case .settleEarly: isClosing && !isDeep
            case .settleFast: isDeep && !isOver
            case .settleOpen: books.isOpen
            default: isClosing
            }
        }
        guard let place else { return false }
        let parties = proofs[place].parties
        switch deed {
        case .dispute: try await dispute(place)
        case .disputeOld:
            try await repeatOrder(
                parties.dispute(proofs[place].closing ?? 0), on: parties.channel, under: Rules.self)
        case .disputeLate: try await refuse("challenge-over", parties.dispute(proofs[place].deposit), place)
        case .settleEarly: try await refuse("challenge-runs", .settle, place)
        case .settleFast: try await refuse("challenge-time-runs", .settle, place)
        case .settleOpen: try await refuse("out-of-turn", .settle, place)
        default: try await settle(place)
        }
        return true
    }

    private func isDisputable(_ books: ProofBooks) -> Bool {
        guard let closing = books.closing else { return false }
        return closing < books.signed && !books.isOver(after: now)
    }

    private func request(_ place: Int, _ balance: UInt128) async throws {
        let head = try await stage.ledger.head()
        try await carryOut(proofs[place].parties.requestClose(balance), place)
        proofs[place].phase = .closing(
            balance: balance, settleBlock: head.height + 501, settleTime: head.time.advanced(bySeconds: 500))
    }

    private func dispute(_ place: Int) async throws {
        guard case .closing(_, let settleBlock, let settleTime) = proofs[place].phase else { return }
        let signed = proofs[place].signed
        try await carryOut(proofs[place].parties.dispute(signed), place)
        proofs[place].phase = .closing(balance: signed, settleBlock: settleBlock, settleTime: settleTime)
    }

    private func settle(_ place: Int) async throws {
        let balance = proofs[place].closing ?? 0
        #expect(balance == proofs[place].signed, "a receiver was not heard, \(moment)")
        try await end(place, .settle, with: balance)
    }

    // MARK: - Steps

    private func end(_ place: Int, _ order: Rules.Order, with balance: UInt128) async throws {
        let books = proofs[place]
        try await carryOut(
            order, place,
            paying: [
                (books.parties.receiver.address, balance - books.withdrawn),
                (books.parties.sender.address, books.deposit - balance),
            ])
        proofs[place].withdrawn = balance
        proofs[place].phase = .closed
    }

    private func carryOut(
        _ order: Rules.Order, _ place: Int, paying payouts: [(to: Address, amount: UInt128)] = []
    ) async throws {
        let parties = proofs[place].parties
        try await carryOut(
            order, on: parties.channel, under: Rules.self, in: parties.terms.token, payers: [parties.sender.address],
            paying: payouts)
    }

    private func refuse(_ rule: String, _ order: Rules.Order, _ place: Int) async throws {
        try await refuseOrder("balance-proof.\(rule)", order, on: proofs[place].parties.channel, under: Rules.self)
    }
}
