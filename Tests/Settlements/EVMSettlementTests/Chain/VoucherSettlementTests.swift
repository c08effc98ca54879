// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Vouchers that are settled on a chain", .timeLimit(.minutes(3)))
struct VoucherSettlementTests {
    /// Why channels that name nobody to sign their vouchers are not taken.
    @Test func `claims what the named key signed, whatever code comes to the payer's account`() async throws {
        try await TestChain.open { chain in
            let named = chain.terms(salt: 1)
            var unnamed = chain.terms(salt: 2)
            unnamed.payerAuthorizer = .zero
            try await chain.open(1000, in: named, salt: 1)
            try await chain.open(1000, in: unnamed, salt: 2)
            // It refuses all that it is asked, as an account's own code may (EIP-7702).
            try await chain.devnet.ask("anvil_setCode", .string(chain.payer.address.hex), "0x60006000fd")
            await #expect(throws: SettlementError.voucherSignature) {
                try await chain.claim([chain.row(700, of: unnamed)])
            }
            #expect(try await chain.claim([chain.row(700, of: named)]).outcomes == [.claimed(Amount(units: 700))])
        }
    }

    @Test func `open, claim, pay out, give back, and conserve every unit`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            let id = chain.settlement.domain.channelID(of: terms)
            let opened = try await chain.open(1000, in: terms)
            #expect(opened.snapshot.balance == Amount(units: 1000) && opened.transaction != nil)
            let topped = try await chain.open(500, in: terms, salt: 8)
            #expect(topped.snapshot.balance == Amount(units: 1500))

            let claimed = try await chain.claim([chain.row(700, of: terms)])
            #expect(claimed.outcomes == [.claimed(Amount(units: 700))])
            #expect(try await chain.claim([chain.row(700, of: terms)]).outcomes == [.alreadyClaimed])
            let payout = try await chain.settlement.settle(receiver: terms.receiver, token: terms.token)
            #expect(payout.amount == Amount(units: 700))
            let nothing = try await chain.settlement.settle(receiver: terms.receiver, token: terms.token)
            #expect(nothing.transaction == nil && nothing.amount == .zero)
            #expect(try await chain.balance(chain.receiver.address) == 700)

            let digest = chain.settlement.domain.refundDigest(channel: id, nonce: 0, amount: Amount(units: 300))
            let order = RefundOrder(
                terms: terms, amount: Amount(units: 300), nonce: 0, signature: chain.receiver.signNow(digest))
            let refund = try await chain.settlement.refund(order)
            #expect(refund.amount == Amount(units: 300) && refund.snapshot.balance == Amount(units: 1200))
            await #expect(throws: SettlementError.refundNonce(given: 0, expected: 1)) {
                try await chain.settlement.refund(order)
            }
            #expect(try await chain.balance(chain.payer.address) == 1_000_000_000 - 1500 + 300)
            #expect(try await chain.total() == 1_000_000_000)
        }
    }

    @Test func `books a row once that a batch repeats, and what stands beside it`() async throws {
        try await TestChain.open { chain in
            let (first, second) = (chain.terms(salt: 1), chain.terms(salt: 2))
            try await chain.open(1000, in: first, salt: 1)
            try await chain.open(1000, in: second, salt: 2)
            let booked = chain.row(700, of: first)
            _ = try await chain.claim([booked])
            let nothing = try await chain.claim([booked, booked])
            #expect(nothing.transaction == nil && nothing.outcomes == [.alreadyClaimed, .alreadyClaimed])
            let beside = try await chain.claim([booked, chain.row(300, of: second), booked])
            #expect(beside.outcomes == [.alreadyClaimed, .claimed(Amount(units: 300)), .alreadyClaimed])
            let higher = chain.row(900, of: first)
            let twice = try await chain.claim([higher, booked, higher])
            #expect(twice.outcomes == [.claimed(Amount(units: 200)), .alreadyClaimed, .alreadyClaimed])
            let paid = try await chain.settlement.settle(receiver: first.receiver, token: first.token)
            #expect(paid.amount == Amount(units: 1200))
            #expect(try await chain.total() == 1_000_000_000)
        }
    }

    @Test func `looks at rows in the contract's order, and tells of each what was booked`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            try await chain.open(1000, in: terms)
            let booked = chain.row(700, of: terms)
            _ = try await chain.claim([booked])
            var forged = chain.row(600, of: terms)
            forged.signature = chain.receiver.signNow(Keccak256.hash(utf8: "forged"))
            // What was booked before is passed over, whoever signed it.
            let beside = try await chain.claim([forged, booked, chain.row(900, of: terms)])
            #expect(beside.outcomes == [.alreadyClaimed, .alreadyClaimed, .claimed(Amount(units: 200))])
            forged.total = Amount(units: 950)
            forged.ceiling = Amount(units: 950)
            let tooMuch = SettlementError.claimExceedsBalance(
                total: Amount(units: 1001), balance: Amount(units: 1000))
            await #expect(throws: tooMuch) { try await chain.claim([chain.row(1001, of: terms), forged]) }
            await #expect(throws: SettlementError.voucherSignature) {
                try await chain.claim([forged, chain.row(1001, of: terms)])
            }
            let both = try await chain.claim([chain.row(940, of: terms), chain.row(1000, of: terms)])
            #expect(both.outcomes == [.claimed(Amount(units: 40)), .claimed(Amount(units: 60))])
            #expect(try await chain.total() == 1_000_000_000)
        }
    }

    @Test func `tells whoever did not sign nothing of what others signed`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            var deposit = try await chain.deposit(1000, in: terms)
            _ = try await chain.settlement.deposit(deposit, for: chain.voucher(0, of: terms))
            deposit.authorization.signature = chain.receiver.signNow(Keccak256.hash(utf8: "something else"))
            await #expect(throws: SettlementError.authorizationSignature) {
                try await chain.settlement.deposit(deposit, for: chain.voucher(0, of: terms))
            }
            let order = RefundOrder(
                terms: terms, amount: .zero, nonce: 5, signature: deposit.authorization.signature)
            await #expect(throws: SettlementError.refundNonce(given: 5, expected: 0)) {
                try await chain.settlement.refund(order)
            }
        }
    }

    @Test func `answers the same deposit a second time with the first transaction, from another process too`()
        async throws
    {
        try await TestChain.open { chain in
            let terms = chain.terms()
            let deposit = try await chain.deposit(1000, in: terms)
            let first = try await chain.settlement.deposit(deposit, for: chain.voucher(0, of: terms))
            let second = try await chain.settlement.deposit(deposit, for: chain.voucher(0, of: terms))
            #expect(first.transaction == second.transaction && second.snapshot.balance == Amount(units: 1000))
            let restarted = try chain.another()
            let third = try await restarted.deposit(deposit, for: chain.voucher(0, of: terms))
            await restarted.shutdown()
            #expect(third.transaction == first.transaction)
            #expect(try await chain.balance(chain.payer.address) == 1_000_000_000 - 1000)
        }
    }

    @Test func `refuses what the contract or the token would refuse, and says why`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            var foreign = try await chain.deposit(1000, in: terms)
            foreign.authorization.signature = chain.receiver.signNow(Keccak256.hash(utf8: "something else"))
            await #expect(throws: SettlementError.authorizationSignature) {
                try await chain.settlement.deposit(foreign, for: chain.voucher(0, of: terms))
            }
            let tooMuch = try await chain.deposit(2_000_000_000, in: terms)
            await #expect(
                throws: SettlementError.insufficientBalance(
                    has: Amount(units: 1_000_000_000), needs: Amount(units: 2_000_000_000))
            ) { try await chain.settlement.check(tooMuch, for: chain.voucher(0, of: terms)) }
            var short = terms
            short.withdrawDelay = 899
            let bad = try await chain.deposit(10, in: short)
            await #expect(throws: SettlementError.withdrawDelayOutOfRange(899)) {
                try await chain.settlement.deposit(bad, for: chain.voucher(0, of: short))
            }

            try await chain.open(1000, in: terms)
            await #expect(
                throws: SettlementError.claimExceedsCeiling(total: Amount(units: 11), ceiling: Amount(units: 10))
            ) { try await chain.claim([chain.row(10, of: terms, total: 11)]) }
            await #expect(
                throws: SettlementError.claimExceedsBalance(total: Amount(units: 1001), balance: Amount(units: 1000))
            ) { try await chain.claim([chain.row(1001, of: terms)]) }
            var forged = chain.row(10, of: terms)
            forged.signature = chain.receiver.signNow(Keccak256.hash(utf8: "forged"))
            await #expect(throws: SettlementError.voucherSignature) { try await chain.claim([forged]) }
            let row = chain.row(10, of: terms)
            await #expect(throws: SettlementError.claimSignature) {
                try await chain.settlement.claim([row], authorization: row.signature)
            }
            #expect(
                try await chain.settlement.snapshot(of: chain.settlement.domain.channelID(of: terms))?.totalClaimed
                    == .zero)
        }
    }

    @Test func `lets a payer take its money back without the payee, after the delay`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            try await chain.open(1000, in: terms)
            await #expect(throws: SettlementError.notAuthorized(chain.receiver.address)) {
                try await chain.settlement.initiateWithdraw(terms, amount: Amount(units: 1), by: chain.receiver)
            }
            let asked = try await chain.settlement.initiateWithdraw(terms, amount: Amount(units: 1000), by: chain.payer)
            #expect(asked.snapshot.withdrawal?.amount == Amount(units: 1000))
            await #expect(throws: SettlementError.withdrawalAlreadyPending) {
                try await chain.settlement.initiateWithdraw(terms, amount: Amount(units: 1), by: chain.payer)
            }
            await #expect(throws: (any Error).self) {
                try await chain.settlement.finalizeWithdraw(terms, by: chain.payer)
            }
            _ = try await chain.claim([chain.row(400, of: terms)])
            try await chain.devnet.ask("evm_increaseTime", 901)
            try await chain.devnet.ask("evm_mine")
            let taken = try await chain.settlement.finalizeWithdraw(terms, by: chain.payer)
            #expect(taken.amount == Amount(units: 600), "what was claimed meanwhile stays claimed")
            #expect(try await chain.balance(chain.payer.address) == 1_000_000_000 - 400)
        }
    }

    @Test func `moves money from account to account once`() async throws {
        try await TestChain.open { chain in
            let nonce = Keccak256.hash(utf8: "a nonce")
            let digest = chain.settlement.domain.transferDigest(
                token: chain.token.domain, from: chain.payer.address, to: chain.receiver.address,
                amount: Amount(units: 5), validAfter: 0, validBefore: 1 << 40, nonce: nonce)
            let transfer = SignedTransfer(
                token: chain.token.address, payer: chain.payer.address, receiver: chain.receiver.address,
                amount: Amount(units: 5), validAfter: 0, validBefore: 1 << 40, nonce: nonce,
                signature: chain.payer.signNow(digest))
            #expect(try await chain.settlement.receipt(of: transfer) == nil)
            try await chain.settlement.checkTransfer(transfer)
            let first = try await chain.settlement.transfer(transfer)
            let second = try await chain.settlement.transfer(transfer)
            #expect(first == second)
            let forged = SignedTransfer(
                token: transfer.token, payer: transfer.payer, receiver: transfer.receiver, amount: transfer.amount,
                validAfter: 0, validBefore: 1 << 40, nonce: nonce, signature: chain.receiver.signNow(digest))
            await #expect(throws: SettlementError.authorizationSignature) {
                try await chain.settlement.transfer(forged)
            }
            #expect(try await chain.balance(chain.receiver.address) == 5)
        }
    }

    @Test func `tells everything that happened, in order, once the chain has it`() async throws {
        try await TestChain.open { chain in
            let terms = chain.terms()
            try await chain.open(1000, in: terms)
            _ = try await chain.claim([chain.row(700, of: terms)])
            _ = try await chain.settlement.settle(receiver: terms.receiver, token: terms.token)
            let events = try await chain.settlement.events(after: 0, limit: 100)
            #expect(events.map(\.name) == ["ChannelCreated", "Deposited", "Claimed", "Settled"])
            #expect(events.map(\.sequence) == events.map(\.sequence).sorted())
            let one = try await chain.settlement.events(after: events[1].sequence, limit: 1)
            #expect(one.map(\.name) == ["Claimed"])
            #expect(try await chain.settlement.events(after: events[3].sequence, limit: 10).isEmpty)
            let restarted = try chain.another()
            let again = try await restarted.events(after: events[3].sequence, limit: 10)
            await restarted.shutdown()
            #expect(again.map(\.name) == events.map(\.name), "what is near the head is told again after a restart")
            #expect(again.allSatisfy { $0.sequence > events[3].sequence })
        }
    }
}
