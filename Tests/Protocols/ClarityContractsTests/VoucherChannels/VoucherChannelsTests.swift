// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Voucher channels on Stacks")
struct VoucherChannelsTests {
    @Test("A payer deposits, its vouchers are claimed and settled, and the rest goes back", arguments: [false, true])
    func happyRoad(inTokens: Bool) throws {
        let pair = try VoucherStage(inTokens: inTokens)
        let channel = try pair.channel()
        #expect(try pair.deposit(1000) == .ok(.hash(channel)))
        #expect(try pair.deposit(500) == .ok(.hash(channel)))
        try pair.expect(payer: 998_500, receiver: 1_000_000, held: 1500)

        #expect(try pair.claim([pair.row(300), pair.row(700, ceiling: 800)]) == .claimed(.ok(300), .ok(400)))
        #expect(try pair.details()["total-claimed"] == .uint(700))
        #expect(try pair.details()["balance"] == .uint(1500))
        #expect(try pair.settle() == .ok(700))
        #expect(try pair.settle() == .ok(0))
        #expect(pair.stage.printed.isEmpty)
        try pair.expect(payer: 998_500, receiver: 1_000_700, held: 800)

        #expect(try pair.refund(200, nonce: 0) == .ok(200))
        try pair.expect(payer: 998_700, receiver: 1_000_700, held: 600)
        #expect(try pair.initiate(600) == .ok(UInt128(pair.stage.time) + 900))
        pair.stage.advance(seconds: 900)
        #expect(try pair.finalize() == .ok(600))
        try pair.expect(payer: 999_300, receiver: 1_000_700, held: 0)
    }

    @Test("The same batch a second time books nothing")
    func batchTwice() throws {
        let pair = try VoucherStage()
        _ = try pair.deposit(1000)
        let rows = [try pair.row(300)]
        #expect(try pair.claim(rows) == .claimed(.ok(300)))
        #expect(try pair.claim(rows) == .claimed(.ok(0)))
        #expect(try pair.settle() == .ok(300))
    }

    @Test("A bad row is told, and stops no other")
    func badRows() throws {
        let pair = try VoucherStage()
        var others: [Hash32] = []
        for salt in 1...3 as ClosedRange<UInt8> {
            var terms = pair.terms
            terms.salt = Hash32(Array(repeating: salt, count: 32)) ?? .zero
            if salt == 2 { terms.receiverAuthorizer = pair.stranger.value }
            others.append(try pair.channel(terms))
            _ = try pair.deposit(100, terms)
        }
        _ = try pair.deposit(1000)
        var short = try pair.row(50, of: others[2])
        short.signature = Array(short.signature.prefix(64))
        let outcome = try pair.claim([
            pair.row(10), pair.row(60, ceiling: 50), pair.row(101, of: others[0]),
            pair.row(40, of: others[0], by: pair.payer), pair.row(50, of: others[1]), pair.row(5, of: .zero), short,
            pair.row(30, of: others[0]), pair.row(20), pair.row(15),
        ])
        #expect(
            outcome
                == .claimed(
                    .ok(10), .err(211), .err(212), .err(213), .err(210), .err(223), .err(213), .ok(30), .ok(10), .ok(0)
                ))
        #expect(try pair.settle() == .ok(50))
    }

    @Test("A batch of 128 rows is taken, and one of 129 is not")
    func longBatch() throws {
        let pair = try VoucherStage()
        _ = try pair.deposit(1000)
        let rows = try (1...128).map { try pair.row(UInt128($0)) }
        let outcome = try pair.claim(rows)
        #expect(outcome == .ok(.list(Array(repeating: .ok(.uint(1)), count: 128))))
        #expect(try pair.claim(rows + [pair.row(129)]).isAborted)
        #expect(try pair.settle() == .ok(128))
    }

    @Test("The authorizer claims and gives back by calling, too")
    func byCalling() throws {
        let pair = try VoucherStage()
        let channel = try pair.channel()
        _ = try pair.deposit(1000)
        let rows = ClarityValue.list([try pair.row(100).value])
        #expect(try pair.call("claim", [rows, pair.authorizer.value, .none], by: pair.stranger) == .err(209))
        #expect(
            try pair.call("claim", [rows, pair.authorizer.value, .none], by: pair.authorizer) == .claimed(.ok(100)))
        let refund: [ClarityValue] = [.hash(channel), .uint(50), .uint(0), .none, .none]
        #expect(try pair.call("refund", refund, by: pair.receiver) == .err(216))
        #expect(try pair.call("refund", refund, by: pair.authorizer) == .ok(50))
        try pair.expect(payer: 999_050, receiver: 1_000_000, held: 950)
    }

    @Test("Where nobody else is named, the payer's own key signs vouchers")
    func payerSigns() throws {
        let pair = try VoucherStage()
        var terms = pair.terms
        terms.payerAuthorizer = nil
        let channel = try pair.channel(terms)
        _ = try pair.deposit(100, terms)
        #expect(
            try pair.claim([
                pair.row(10, of: channel, by: pair.voucherKey), pair.row(10, of: channel, by: pair.payer),
            ]) == .claimed(.err(213), .ok(10)))
        #expect(try pair.initiate(5, by: pair.voucherKey, of: channel) == .err(217))
    }

    @Test("The payer's authorizer withdraws, and the money goes to the payer")
    func authorizerWithdraws() throws {
        let pair = try VoucherStage()
        _ = try pair.deposit(100)
        #expect(try pair.initiate(60, by: pair.voucherKey).ok != nil)
        pair.stage.advance(seconds: 900)
        #expect(try pair.finalize(by: pair.voucherKey) == .ok(60))
        try pair.expect(payer: 999_960, receiver: 1_000_000, held: 40)
    }

    @Test("Anybody may deposit for a payer")
    func depositForOthers() throws {
        let pair = try VoucherStage()
        #expect(try pair.deposit(100, by: pair.stranger).ok != nil)
        #expect(try pair.refund(100, nonce: 0) == .ok(100))
        try pair.expect(payer: 1_000_100, receiver: 1_000_000, held: 0)
        #expect(try pair.balance(pair.stranger) == 999_900)
    }

    @Test("A claim within the delay leaves the payer less, and a refund shortens what is pending")
    func claimWithinDelay() throws {
        let pair = try VoucherStage()
        _ = try pair.deposit(100)
        _ = try pair.initiate(80)
        #expect(try pair.claim([pair.row(50)]) == .claimed(.ok(50)))
        #expect(try pair.refund(10, nonce: 0) == .ok(10))
        #expect(try pair.details()["withdrawal"]?["amount"] == .uint(70))
        pair.stage.advance(seconds: 900)
        #expect(try pair.finalize() == .ok(40))
        #expect(try pair.details()["withdrawal"] == ClarityValue.none)
        #expect(try pair.settle() == .ok(50))
        try pair.expect(payer: 999_950, receiver: 1_000_050, held: 0)
    }

    @Test("A refund that empties what is pending ends it; one that finds nothing uses its number up")
    func refundNumbers() throws {
        let pair = try VoucherStage()
        _ = try pair.deposit(100)
        _ = try pair.initiate(80)
        #expect(try pair.refund(.max, nonce: 0) == .ok(100))
        #expect(try pair.finalize() == .err(221))
        #expect(try pair.refund(5, nonce: 1) == .ok(0))
        _ = try pair.deposit(100)
        #expect(try pair.refund(5, nonce: 1) == .err(215))
        #expect(try pair.refund(5, nonce: 2) == .ok(5))
    }

    @Test("The digests are those that SIP-018 gives, and the name of a channel is one")
    func digests() throws {
        let pair = try VoucherStage(inTokens: true)
        func read(_ function: String, _ arguments: [ClarityValue]) throws -> Hash32? {
            try pair.stage.read("voucher-channels", function, arguments).hash
        }
        for token in [pair.token, nil] {
            for key in [pair.voucherKey.value, nil] {
                var terms = pair.terms
                (terms.token, terms.payerAuthorizer) = (token, key)
                #expect(try read("get-channel-id", [terms.value]) == pair.channel(terms))
            }
        }
        let (channel, rows) = (try pair.channel(), [try pair.row(3, ceiling: 9), try pair.row(4)])
        #expect(try read("get-voucher-digest", [.hash(channel), .uint(9)]) == pair.voucherDigest(channel, 9))
        #expect(try read("get-claim-digest", [.list(rows.map(\.value))]) == pair.batchDigest(rows))
        #expect(
            try read("get-refund-digest", [.hash(channel), .uint(7), .uint(2)])
                == pair.refundDigest(channel, nonce: 7, 2))
    }

    @Test("Events are enough to know every sum")
    func events() throws {
        let pair = try VoucherStage()
        let channel = try pair.channel()
        func names() -> [ClarityValue?] { pair.stage.printed.map { $0["event"] } }
        _ = try pair.deposit(100)
        #expect(names() == [.text("channel-created"), .text("deposited")])
        #expect(pair.stage.printed.first?["terms"] == pair.terms.value)
        #expect(pair.stage.printed.last?["new-balance"] == .uint(100))
        _ = try pair.deposit(10)
        #expect(names() == [.text("deposited")])
        _ = try pair.claim([pair.row(10), pair.row(5), pair.row(30)])
        #expect(names() == [.text("claimed"), .text("claimed")])
        #expect(pair.stage.printed.map { $0["new-total"] } == [.uint(10), .uint(30)])
        #expect(pair.stage.printed.map { $0["amount"] } == [.uint(10), .uint(20)])
        _ = try pair.settle()
        #expect(
            pair.stage.printed == [
                .fields([
                    "event": .text("settled"), "receiver": pair.receiver.value, "token": .none, "amount": .uint(30),
                ])
            ])
        _ = try pair.refund(20, nonce: 0)
        #expect(
            pair.stage.printed == [
                .fields([
                    "event": .text("refunded"), "channel-id": .hash(channel), "amount": .uint(20), "nonce": .uint(0),
                ])
            ])
        _ = try pair.initiate(60)
        #expect(names() == [.text("withdraw-initiated")])
        #expect(pair.stage.printed.first?["finalize-after"]?.number == UInt128(pair.stage.time) + 900)
        pair.stage.advance(seconds: 900)
        _ = try pair.finalize()
        #expect(names() == [.text("withdraw-finalized")])

        var terms = pair.terms
        terms.salt = Hash32(Array(repeating: 9, count: 32)) ?? .zero
        _ = try pair.deposit(10, terms)
        _ = try pair.refund(4, nonce: 0, of: pair.channel(terms))
        #expect(names() == [.text("refunded")])
        _ = try pair.refund(6, nonce: 1, of: pair.channel(terms))
        #expect(names() == [.text("refunded"), .text("channel-closed")])
        _ = try pair.refund(1, nonce: 2, of: pair.channel(terms))
        #expect(names() == [.text("refunded")], "of nothing")
        _ = try pair.deposit(10, terms)
        #expect(names() == [.text("channel-created"), .text("deposited")], "it opens again")
    }

    @Test("A contract can be payer and receiver-authorizer: it calls instead of signing")
    func contractsAsParties() throws {
        let pair = try VoucherStage()
        try pair.stage.deploy(
            "vault",
            source: """
                (define-public (lock (terms {
                    payer: principal, payer-authorizer: (optional principal), receiver: principal,
                    receiver-authorizer: principal, token: (optional principal), withdraw-delay: uint, salt: (buff 32)
                  }))
                  (as-contract? ((with-stx u100))
                    (unwrap! (contract-call? .voucher-channels deposit terms u100 none) (err u1))))
                (define-public (ask (channel-id (buff 32)))
                  (contract-call? .voucher-channels initiate-withdraw channel-id u40))
                (define-public (take (channel-id (buff 32)))
                  (contract-call? .voucher-channels finalize-withdraw channel-id none))
                (define-public (give (channel-id (buff 32)))
                  (contract-call? .voucher-channels refund channel-id u60 u0 none none))
                """)
        let vault = ClarityValue.principal(try pair.stage.identifier("vault"))
        try pair.stage.fund("vault", with: 100)
        var terms = pair.terms
        (terms.payer, terms.receiverAuthorizer) = (vault, vault)
        let channel = try pair.channel(terms)
        #expect(try pair.stage.call("vault", "lock", [terms.value], by: pair.stranger) == .ok(.hash(channel)))
        #expect(try pair.stage.call("vault", "ask", [.hash(channel)], by: pair.stranger).ok != nil)
        pair.stage.advance(seconds: 900)
        #expect(try pair.stage.call("vault", "take", [.hash(channel)], by: pair.stranger) == .ok(40))
        #expect(try pair.stage.call("vault", "give", [.hash(channel)], by: pair.stranger) == .ok(60))
        #expect(try pair.stage.balance(of: "vault") == 100)
    }
}
