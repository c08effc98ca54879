// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@testable import FarthingLedgerSettlement

enum VoucherDeed: String, CaseIterable {
    case deposit, depositAgain, depositForged, depositUncovered, depositLate
    case pay
    case claim, claimAgain, claimAboveCeiling, claimAboveBalance, claimForged, claimOfAnother, claimUnsigned
    case settle, settleNothing
    case refund, refundStale, refundForged
    case initiate, initiateTwice, initiateTooMuch, initiateByStranger
    case finalize, finalizeEarly, finalizeNothing
}

/// What the crowd knows of a channel of vouchers.
struct VoucherBooks {
    let terms: ChannelTerms
    let payer: Party
    /// What is in it, with what was claimed.
    var balance: UInt128 = 0
    var claimed: UInt128 = 0
    /// What the payer signed for.
    var ceiling: UInt128 = 0
    var refundNonce: UInt64 = 0
    var withdrawal: (amount: UInt128, end: Instant)?
    var deposits: UInt8 = 0
    var last: SignedDeposit?

    var available: UInt128 { balance - claimed }
    var receiver: Positions.Holding { Positions.Holding(owner: terms.receiver, token: terms.token) }
}

extension Crowd {
    func makeVoucherChannels() -> [VoucherBooks] {
        (0..<6).map { index in
            let payer = payers[index % payers.count]
            // Two receivers are payers too.
            let receiver = index < 4 ? payees[index % payees.count] : payers[(index + 1) % payers.count]
            let terms = ChannelTerms(
                payer: payer.address, payerAuthorizer: index < 3 ? payer.address : .zero, receiver: receiver.address,
                receiverAuthorizer: authorizer.address, token: tokens[index % tokens.count].address,
                withdrawDelay: 900)
            return VoucherBooks(terms: terms, payer: payer)
        }
    }

    func attempt(_ deed: VoucherDeed) async throws -> Bool {
        guard let place = vouchers.indices.randomElement(using: &random) else { return false }
        switch deed {
        case .deposit, .depositAgain, .depositForged, .depositUncovered, .depositLate:
            return try await attemptDeposit(deed, place)
        case .pay:
            let books = vouchers[place]
            let most = books.balance - (books.withdrawal?.amount ?? 0)
            guard most > books.ceiling else { return false }
            let more = number(1...(most - books.ceiling))
            vouchers[place].ceiling += more
            sums[stage.domain.channelID(of: books.terms)]?.authorised += more
            return true
        case .claim, .claimAgain, .claimAboveCeiling, .claimAboveBalance, .claimForged, .claimOfAnother,
            .claimUnsigned, .settle, .settleNothing:
            return try await attemptClaim(deed, place)
        case .refund, .refundStale, .refundForged: return try await attemptRefund(deed, place)
        case .initiate, .initiateTwice, .initiateTooMuch, .initiateByStranger, .finalize, .finalizeEarly,
            .finalizeNothing:
            return try await attemptWithdrawal(deed, place)
        }
    }

    /// Before a withdrawal takes effect, its payee claims all that the payer signed for.
    func watchVouchers() async throws {
        for place in vouchers.indices where vouchers[place].withdrawal != nil { try await claimAll(place) }
    }

    func endVouchers() async throws {
        for place in vouchers.indices { try await claimAll(place) }
        for receiver in due.keys { try await settle(receiver) }
        for _ in 0..<2 {
            // A withdrawal may be pending already, of less than all; the rest goes with a second.
            for place in vouchers.indices where vouchers[place].withdrawal == nil && vouchers[place].available > 0 {
                try await initiate(place, vouchers[place].available)
            }
            try await pass(seconds: 900)
            for place in vouchers.indices where vouchers[place].withdrawal != nil { try await finalize(place) }
        }
        for books in vouchers {
            let id = stage.domain.channelID(of: books.terms)
            #expect(books.claimed == sums[id]?.authorised ?? 0, "a payee has less than was signed for, \(moment)")
        }
    }

    // MARK: - Deposits

    private func attemptDeposit(_ deed: VoucherDeed, _ place: Int) async throws -> Bool {
        let books = vouchers[place]
        let ledger = stage.ledger
        let held = holds(books.payer.address, books.terms.token)
        guard books.deposits < .max, held > 200 else { return false }
        let signed = { (amount: UInt128, before: UInt64, signer: Party) in
            self.stage.deposit(
                amount, terms: books.terms, token: self.token(of: books.terms.token), salt: books.deposits + 1,
                validBefore: before, by: signer)
        }
        let farOff: UInt64 = 4_102_444_800
        switch deed {
        case .depositAgain:
            guard let deposit = books.last else { return false }
            let before = try imprint()
            #expect(try await ledger.deposit(deposit).amount == deposit.amount, moment)
            #expect(try imprint() == before, moment)
        case .depositForged:
            let deposit = signed(9, farOff, stage.stranger)
            try await refuse("settlement.authorization-signature") { _ = try await ledger.deposit(deposit) }
        case .depositUncovered:
            let deposit = signed(held + 1, farOff, books.payer)
            try await refuse("settlement.insufficient-balance") { _ = try await ledger.deposit(deposit) }
        case .depositLate:
            let deposit = signed(9, time(in: 0...0), books.payer)
            try await refuse("settlement.authorization-expired") { _ = try await ledger.deposit(deposit) }
        default:
            let amount = number(1...200)
            let deposit = signed(amount, farOff, books.payer)
            let receipt = try await ledger.deposit(deposit)
            #expect(receipt.snapshot.balance.units == books.balance + amount, moment)
            move(amount, of: books.terms.token, from: books.payer.address, to: stage.domain.contract)
            sums[stage.domain.channelID(of: books.terms), default: Sums()].deposited += amount
            vouchers[place].balance += amount
            vouchers[place].deposits += 1
            vouchers[place].last = deposit
        }
        return true
    }

    // MARK: - Claims

    private func attemptClaim(_ deed: VoucherDeed, _ place: Int) async throws -> Bool {
        let books = vouchers[place]
        let ledger = stage.ledger
        switch deed {
        case .claim:
            guard books.ceiling > books.claimed else { return false }
            try await claim(place, number((books.claimed + 1)...books.ceiling))
        case .claimAgain:
            guard books.claimed > 0 else { return false }
            let before = try imprint()
            #expect(try await outcome(of: row(books, books.claimed)) == .alreadyClaimed, moment)
            #expect(try imprint() == before, moment)
        case .claimAboveCeiling:
            try await refuseClaim(
                "claim-exceeds-ceiling",
                stage.row(books.ceiling + 1, ceiling: books.ceiling, terms: books.terms, by: books.payer))
        case .claimAboveBalance:
            try await refuseClaim("claim-exceeds-balance", row(books, books.balance + 1))
        case .claimForged:
            guard books.available > 0 else { return false }
            try await refuseClaim(
                "voucher-signature", stage.row(books.claimed + 1, terms: books.terms, by: stage.stranger))
        case .claimOfAnother:
            guard books.available > 0, let other = pick(vouchers.filter { $0.terms != books.terms }) else {
                return false
            }
            let total = books.claimed + 1
            let foreign = stage.row(total, terms: other.terms, by: books.payer)
            let row = ClaimRow(
                terms: books.terms, ceiling: foreign.ceiling, signature: foreign.signature, total: foreign.total)
            try await refuseClaim("voucher-signature", row)
        case .claimUnsigned:
            let rows = [row(books, books.claimed + 1)]
            let leave = stage.authorization(of: rows, by: stage.stranger)
            try await refuse("settlement.claim-signature") { _ = try await ledger.claim(rows, authorization: leave) }
        case .settleNothing:
            guard due[books.receiver, default: 0] == 0 else { return false }
            let before = try imprint()
            let receipt = try await ledger.settle(receiver: books.terms.receiver, token: books.terms.token)
            #expect(receipt.transaction == nil && receipt.amount == .zero, moment)
            #expect(try imprint() == before, moment)
        default:
            guard due[books.receiver, default: 0] > 0 else { return false }
            try await settle(books.receiver)
        }
        return true
    }

    private func row(_ books: VoucherBooks, _ total: UInt128) -> ClaimRow {
        stage.row(total, terms: books.terms, by: books.payer)
    }

    private func outcome(of row: ClaimRow) async throws -> ClaimReceipt.Outcome {
        let leave = stage.authorization(of: [row], by: authorizer)
        return try #require(try await stage.ledger.claim([row], authorization: leave).outcomes.first)
    }

    private func refuseClaim(_ rule: String, _ row: ClaimRow) async throws {
        try await refuse("settlement.\(rule)") {
            if case .refused(let refusal) = try await self.outcome(of: row) { throw refusal }
        }
    }

    private func claim(_ place: Int, _ total: UInt128) async throws {
        let books = vouchers[place]
        let gain = total - books.claimed
        #expect(try await outcome(of: row(books, total)) == .claimed(units(gain)), moment)
        vouchers[place].claimed = total
        sums[stage.domain.channelID(of: books.terms)]?.captured += gain
        due[books.receiver, default: 0] += gain
    }

    private func claimAll(_ place: Int) async throws {
        let books = vouchers[place]
        if books.ceiling > books.claimed { try await claim(place, books.ceiling) }
    }

    private func settle(_ receiver: Positions.Holding) async throws {
        let amount = due[receiver, default: 0]
        let receipt = try await stage.ledger.settle(receiver: receiver.owner, token: receiver.token)
        #expect(receipt.amount == units(amount), moment)
        move(amount, of: receiver.token, from: stage.domain.contract, to: receiver.owner)
        due[receiver] = 0
    }

    // MARK: - Money back

    private func attemptRefund(_ deed: VoucherDeed, _ place: Int) async throws -> Bool {
        let books = vouchers[place]
        let ledger = stage.ledger
        switch deed {
        case .refundStale:
            let order = stage.refundOrder(1, nonce: books.refundNonce + 1, terms: books.terms, by: authorizer)
            try await refuse("settlement.refund-nonce") { _ = try await ledger.refund(order) }
        case .refundForged:
            let order = stage.refundOrder(1, nonce: books.refundNonce, terms: books.terms, by: stage.stranger)
            try await refuse("settlement.refund-signature") { _ = try await ledger.refund(order) }
        default:
            // An honest payee gives back nothing that was signed for.
            guard books.balance > books.ceiling else { return false }
            let amount = number(1...(books.balance - books.ceiling))
            let order = stage.refundOrder(amount, nonce: books.refundNonce, terms: books.terms, by: authorizer)
            #expect(try await ledger.refund(order).amount.units == amount, moment)
            vouchers[place].refundNonce += 1
            if let withdrawal = books.withdrawal {
                vouchers[place].withdrawal =
                    withdrawal.amount > amount ? (withdrawal.amount - amount, withdrawal.end) : nil
            }
            payBack(amount, place)
        }
        return true
    }

    private func attemptWithdrawal(_ deed: VoucherDeed, _ place: Int) async throws -> Bool {
        let books = vouchers[place]
        let ledger = stage.ledger
        let payer = books.payer.address
        switch (deed, books.withdrawal) {
        case (.initiate, nil):
            guard books.available > 0 else { return false }
            try await initiate(place, number(1...books.available))
        case (.initiateTwice, _?):
            try await refuse("settlement.withdrawal-already-pending") {
                try await ledger.initiateWithdraw(books.terms, amount: units(1), by: payer)
            }
        case (.initiateTooMuch, nil):
            try await refuse("settlement.withdrawal-exceeds-available") {
                try await ledger.initiateWithdraw(books.terms, amount: units(books.available + 1), by: payer)
            }
        case (.initiateByStranger, _):
            let stranger = chance(2) ? stage.stranger.address : authorizer.address
            try await refuse("settlement.not-authorized") {
                try await ledger.initiateWithdraw(books.terms, amount: units(1), by: stranger)
            }
        case (.finalize, let withdrawal?) where now.time >= withdrawal.end: try await finalize(place)
        case (.finalizeEarly, let withdrawal?) where now.time < withdrawal.end:
            try await refuse("settlement.withdraw-delay-not-elapsed") {
                try await ledger.finalizeWithdraw(books.terms, by: payer)
            }
        case (.finalizeNothing, nil):
            try await refuse("settlement.withdrawal-not-pending") {
                try await ledger.finalizeWithdraw(books.terms, by: payer)
            }
        default: return false
        }
        return true
    }

    private func initiate(_ place: Int, _ amount: UInt128) async throws {
        let books = vouchers[place]
        try await stage.ledger.initiateWithdraw(books.terms, amount: units(amount), by: books.payer.address)
        vouchers[place].withdrawal = (amount, now.time.advanced(bySeconds: 900))
    }

    private func finalize(_ place: Int) async throws {
        let books = vouchers[place]
        let amount = min(books.withdrawal?.amount ?? 0, books.available)
        let receipt = try await stage.ledger.finalizeWithdraw(books.terms, by: books.payer.address)
        #expect(receipt.amount.units == amount, moment)
        vouchers[place].withdrawal = nil
        payBack(amount, place)
        #expect(vouchers[place].ceiling <= vouchers[place].balance, "a payer took what it had signed for, \(moment)")
    }

    private func payBack(_ amount: UInt128, _ place: Int) {
        let books = vouchers[place]
        vouchers[place].balance -= amount
        move(amount, of: books.terms.token, from: stage.domain.contract, to: books.payer.address)
        sums[stage.domain.channelID(of: books.terms)]?.returned += amount
    }
}
