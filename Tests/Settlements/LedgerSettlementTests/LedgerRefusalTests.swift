// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@Suite("What the ledger refuses, moving nothing")
struct LedgerRefusalTests {
    // MARK: - Deposits

    /// How a good deposit of 100 is spoilt, and what is said then.
    static let spoiltDeposits: [(why: String, deposit: @Sendable (Stage) -> SignedDeposit, refusal: SettlementError)] =
        [
            ("no payer", { spoilt($0) { $0.payer = .zero } }, .invalidTerms),
            ("no receiver", { spoilt($0) { $0.receiver = .zero } }, .invalidTerms),
            ("no authorizer", { spoilt($0) { $0.receiverAuthorizer = .zero } }, .invalidTerms),
            ("no token", { spoilt($0) { $0.token = .zero } }, .invalidTerms),
            ("contract pays itself", { $0.deposit(100, terms: $0.termsToContract) }, .invalidTerms),
            ("short delay", { spoilt($0) { $0.withdrawDelay = 899 } }, .withdrawDelayOutOfRange(899)),
            ("long delay", { spoilt($0) { $0.withdrawDelay = 2_592_001 } }, .withdrawDelayOutOfRange(2_592_001)),
            ("absurd delay", { spoilt($0) { $0.withdrawDelay = .max } }, .withdrawDelayOutOfRange(.max)),
            ("nothing", { $0.deposit(0) }, .zeroAmount),
            ("other token", { spoilt($0) { $0.token = $0.payer } }, .unknownToken(Party(0x11).address)),
            ("other signer", { $0.deposit(100, by: $0.stranger) }, .authorizationSignature),
            ("voucher key", { $0.deposit(100, by: $0.voucherKey) }, .authorizationSignature),
            (
                "other token's name", { $0.deposit(100, token: Stage.makeToken(0xaa, name: "USDX")) },
                .authorizationSignature
            ),
            (
                "other amount",
                { stage in
                    var deposit = stage.deposit(100)
                    deposit.amount = units(101)
                    return deposit
                }, .authorizationSignature
            ),
            (
                "too early", { $0.deposit(100, validAfter: now) },
                .authorizationNotYetValid(validAfter: now, now: Stage.noon)
            ),
            (
                "too late", { $0.deposit(100, validBefore: now) },
                .authorizationExpired(validBefore: now, now: Stage.noon)
            ),
            ("too much", { $0.deposit(1001) }, .insufficientBalance(has: units(1000), needs: units(1001))),
        ]

    static let now = UInt64(Stage.noon.unixSeconds)

    private static func spoilt(_ stage: Stage, _ spoil: (inout ChannelTerms) -> Void) -> SignedDeposit {
        var terms = stage.terms
        spoil(&terms)
        return stage.deposit(100, terms: terms)
    }

    @Test(arguments: spoiltDeposits)
    func `refuses a deposit, and says the same when only asked`(
        why: String, make: @Sendable (Stage) -> SignedDeposit, refusal: SettlementError
    ) async throws {
        let stage = try await Stage.funded(1000)
        try await stage.expectRefusal(refusal) { _ = try await $0.ledger.deposit(make($0)) }
        try await stage.expectRefusal(refusal) { try await $0.ledger.check(make($0)) }
    }

    @Test(arguments: [(now - 1, now + 1, true), (now, now + 1, false), (now - 1, now, false)])
    func `an authorisation is valid strictly between its two moments`(
        after: UInt64, before: UInt64, isTaken: Bool
    ) async throws {
        let stage = try await Stage.funded()
        let deposit = stage.deposit(10, validAfter: after, validBefore: before)
        if isTaken {
            _ = try await stage.ledger.deposit(deposit)
        } else {
            await #expect(throws: SettlementError.self) { _ = try await stage.ledger.deposit(deposit) }
        }
        #expect(try await stage.holds(stage.payer) == (isTaken ? 990 : 1000))
    }

    @Test func `refuses a deposit after which the balance would not fit into 128 bits`() async throws {
        let stage = try await Stage.funded(.max)
        _ = try await stage.ledger.deposit(stage.deposit(.max))
        try await stage.claim(stage.row(.max))
        _ = try await stage.ledger.settle(receiver: stage.receiver.address, token: stage.token.address)
        // The receiver is now rich, and pays into a channel of its own to give money back to the payer.
        var back = stage.terms
        (back.payer, back.receiver, back.payerAuthorizer) = (stage.receiver.address, stage.payer.address, .zero)
        _ = try await stage.ledger.deposit(stage.deposit(1, terms: back, by: stage.receiver))
        try await stage.claim(stage.row(1, terms: back, by: stage.receiver))
        _ = try await stage.ledger.settle(receiver: stage.payer.address, token: stage.token.address)
        try await stage.expectRefusal(.overflow) { _ = try await $0.ledger.deposit($0.deposit(1, salt: 2)) }
    }

    // MARK: - Claims

    @Test func `refuses a batch without rows`() async throws {
        let stage = try await Stage.open()
        try await stage.expectRefusal(.emptyBatch) { try await $0.claim() }
    }

    @Test func `refuses a batch whose rows have different authorizers`() async throws {
        let stage = try await Stage.open()
        try await stage.expectRefusal(.mixedAuthorizers) { stage in
            var other = stage.terms
            other.receiverAuthorizer = stage.stranger.address
            try await stage.claim(stage.row(10), stage.row(10, terms: other))
        }
    }

    @Test func `refuses a batch that another signed, or that was changed after`() async throws {
        let stage = try await Stage.open()
        try await stage.expectRefusal(.claimSignature) { try await $0.claim($0.row(10), by: $0.receiver) }
        try await stage.expectRefusal(.claimSignature) { stage in
            let authorization = stage.authorization(of: [stage.row(10)])
            _ = try await stage.ledger.claim([stage.row(11)], authorization: authorization)
        }
    }

    @Test(arguments: [
        (
            total: UInt128(41), ceiling: UInt128(40), signer: UInt8(0x66),
            refusal: SettlementError.claimExceedsCeiling(total: units(41), ceiling: units(40))
        ),
        (101, 200, 0x66, .claimExceedsBalance(total: units(101), balance: units(100))),
        (40, 40, 0x77, .voucherSignature),
        (40, 40, 0x11, .voucherSignature),
    ])
    func `refuses a row, and says why in the receipt`(
        total: UInt128, ceiling: UInt128, signer: UInt8, refusal: SettlementError
    ) async throws {
        let stage = try await Stage.open(100)
        let before = try stage.rows()
        #expect(try await stage.claim(stage.row(total, ceiling: ceiling, by: Party(signer))) == [.refused(refusal)])
        #expect(try stage.rows() == before)
    }

    @Test func `refuses a row of a channel in which nothing was deposited`() async throws {
        let stage = try await Stage.funded()
        let before = try stage.rows()
        #expect(
            try await stage.claim(stage.row(1)) == [.refused(.claimExceedsBalance(total: units(1), balance: .zero))])
        #expect(try stage.rows() == before)
    }

    // MARK: - Refunds

    @Test func `refuses a refund out of turn, without leave, or of nothing`() async throws {
        let stage = try await Stage.open()
        try await stage.expectRefusal(.refundNonce(given: 1, expected: 0)) {
            _ = try await $0.ledger.refund($0.refundOrder(10, nonce: 1))
        }
        try await stage.expectRefusal(.refundSignature) {
            _ = try await $0.ledger.refund($0.refundOrder(10, by: $0.payer))
        }
        try await stage.expectRefusal(.refundSignature) { stage in
            var order = stage.refundOrder(10)
            order.amount = units(11)
            _ = try await stage.ledger.refund(order)
        }
        try await stage.expectRefusal(.zeroAmount) { _ = try await $0.ledger.refund($0.refundOrder(0)) }
    }

    // MARK: - Withdrawals

    @Test func `refuses to start a withdrawal`() async throws {
        let stage = try await Stage.open(100)
        func initiate(_ amount: UInt128, by sender: Address) -> (Stage) async throws -> Void {
            { try await $0.ledger.initiateWithdraw($0.terms, amount: units(amount), by: sender) }
        }
        let payer = stage.payer.address
        try await stage.claim(stage.row(30))
        for sender in [stage.stranger.address, stage.receiver.address, stage.authorizer.address, .zero] {
            try await stage.expectRefusal(.notAuthorized(sender), initiate(10, by: sender))
        }
        try await stage.expectRefusal(.nothingToWithdraw, initiate(0, by: payer))
        try await stage.expectRefusal(
            .withdrawalExceedsAvailable(asked: units(71), available: units(70)), initiate(71, by: payer))
        try await stage.ledger.initiateWithdraw(stage.terms, amount: units(70), by: payer)
        try await stage.expectRefusal(.withdrawalAlreadyPending, initiate(1, by: payer))
    }

    @Test func `refuses to end a withdrawal that was not asked for, or too early, or by a stranger`() async throws {
        let stage = try await Stage.open(100)
        func finalize(by party: Party) -> (Stage) async throws -> Void {
            { try await $0.ledger.finalizeWithdraw($0.terms, by: party.address) }
        }
        try await stage.expectRefusal(.withdrawalNotPending, finalize(by: stage.payer))
        try await stage.ledger.initiateWithdraw(stage.terms, amount: units(50), by: stage.payer.address)
        try await stage.ledger.advance(seconds: 899)
        let end = Stage.noon.advanced(bySeconds: 900)
        try await stage.expectRefusal(.withdrawDelayNotElapsed(until: end), finalize(by: stage.payer))
        try await stage.ledger.advance(seconds: 1)
        try await stage.expectRefusal(
            .notAuthorized(stage.stranger.address), finalize(by: stage.stranger))
        try await stage.ledger.finalizeWithdraw(stage.terms, by: stage.payer.address)
        try await stage.expectRefusal(.withdrawalNotPending, finalize(by: stage.payer))
    }

    @Test func `nobody withdraws from a channel that was never opened`() async throws {
        let stage = try await Stage.funded()
        try await stage.expectRefusal(.withdrawalExceedsAvailable(asked: units(1), available: .zero)) {
            try await $0.ledger.initiateWithdraw($0.terms, amount: units(1), by: $0.payer.address)
        }
    }

    // MARK: - The operator

    @Test func `refuses to mint nothing, to nobody, to the contract, of nothing known, or too much`() async throws {
        let stage = try await Stage.funded(.max)
        func mint(_ amount: UInt128, to owner: Address, token: Address) -> (Stage) async throws -> Void {
            { try await $0.ledger.mint(to: owner, token: token, amount: units(amount)) }
        }
        let (payer, token) = (stage.payer.address, stage.token.address)
        try await stage.expectRefusal(.zeroAmount, mint(0, to: payer, token: token))
        try await stage.expectRefusal(.invalidTerms, mint(1, to: .zero, token: token))
        try await stage.expectRefusal(
            .notAuthorized(stage.domain.contract), mint(1, to: stage.domain.contract, token: token))
        try await stage.expectRefusal(.unknownToken(payer), mint(1, to: payer, token: payer))
        try await stage.expectRefusal(.overflow, mint(1, to: stage.receiver.address, token: token))
    }

    @Test func `a token is added once and never changes`() async throws {
        let stage = try await Stage.funded()
        let before = try stage.rows()
        try await stage.ledger.addToken(stage.token)
        await #expect(throws: TokenError.differs(stored: stage.token)) {
            try await stage.ledger.addToken(Stage.makeToken(0xaa, name: "USDX"))
        }
        await #expect(throws: TokenError.addressTaken(.zero)) {
            try await stage.ledger.addToken(Stage.makeToken(0, name: "Nil"))
        }
        await #expect(throws: TokenError.decimalsOutOfRange(39)) {
            try await stage.ledger.addToken(Token(domain: stage.token.domain, symbol: "USDC", decimals: 39))
        }
        #expect(try stage.rows() == before)
    }
}

extension Stage {
    var termsToContract: ChannelTerms {
        var terms = terms
        terms.receiver = domain.contract
        return terms
    }
}
