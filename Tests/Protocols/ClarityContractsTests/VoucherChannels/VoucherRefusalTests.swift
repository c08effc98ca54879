// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Voucher channels on Stacks refuse")
struct VoucherRefusalTests {
    @Test("u201: parties that cannot be paid, and a voucher key that cannot sign")
    func terms() throws {
        let pair = try VoucherStage()
        let contract = ClarityValue.principal(try pair.stage.identifier("voucher-channels"))
        let token = ClarityValue.principal(try pair.stage.identifier("test-token"))
        let multisig = try #require(StandardPrincipal(version: 21, hash: pair.payer.standard.hash))
        var bad: [VoucherTerms] = []
        for nobody in [contract, .principal(pair.payer.onMainnet)] {
            bad += [pair.terms, pair.terms, pair.terms]
            bad[bad.count - 3].payer = nobody
            bad[bad.count - 2].receiver = nobody
            bad[bad.count - 1].payerAuthorizer = nobody
        }
        bad += [pair.terms, pair.terms]
        bad[bad.count - 2].payerAuthorizer = .principal(multisig)
        (bad[bad.count - 1].payer, bad[bad.count - 1].payerAuthorizer) = (token, nil)
        for terms in bad { #expect(try pair.deposit(10, terms) == .err(201), "\(terms.value)") }
    }

    @Test("u202: a delay out of range", arguments: [0, 899, 2_592_001, .max] as [UInt128])
    func delay(seconds: UInt128) throws {
        let pair = try VoucherStage()
        var terms = pair.terms
        terms.withdrawDelay = seconds
        #expect(try pair.deposit(10, terms) == .err(202))
        terms.withdrawDelay = 2_592_000
        #expect(try pair.deposit(10, terms).ok != nil)
    }

    @Test("u203: a deposit and a refund of nothing")
    func zero() throws {
        let pair = try VoucherStage()
        #expect(try pair.deposit(0) == .err(203))
        _ = try pair.deposit(10)
        #expect(try pair.refund(0, nonce: 0) == .err(203))
        #expect(try pair.details()["refund-nonce"] == .uint(0))
    }

    @Test("u204: another token than that of the terms", arguments: [false, true])
    func token(inTokens: Bool) throws {
        let pair = try VoucherStage(inTokens: inTokens)
        let other = inTokens ? nil : try pair.stage.identifier("test-token")
        _ = try pair.deposit(100)
        #expect(try pair.deposit(100, token: .some(other)) == .err(204))
        #expect(try pair.refund(10, nonce: 0, token: .some(other)) == .err(204))
        _ = try pair.initiate(10)
        pair.stage.advance(seconds: 900)
        #expect(try pair.finalize(token: .some(other)) == .err(204))
        _ = try pair.claim([pair.row(10)])
        #expect(try pair.settle(token: .some(other)) == .ok(0))
        #expect(try pair.settle() == .ok(10))
    }

    @Test("u205, u206: more than the account has")
    func insufficient() throws {
        #expect(try VoucherStage().deposit(1_000_001) == .err(205))
        #expect(try VoucherStage(inTokens: true).deposit(1_000_001) == .err(206))
    }

    @Test("u208, u209: no rows, and a batch that its authorizer did not sign")
    func batches() throws {
        let pair = try VoucherStage()
        _ = try pair.deposit(100)
        #expect(try pair.claim([]) == .err(208))
        let rows = [try pair.row(10)]
        #expect(try pair.claim(rows, signedBy: pair.receiver) == .err(209))
        let other = pair.authorizer.sign(try pair.batchDigest([try pair.row(11)]))
        let mirrored = pair.authorizer.signMirrored(try pair.batchDigest(rows))
        for signature in [other, mirrored, []] {
            #expect(
                try pair.call(
                    "claim", [.list(rows.map(\.value)), pair.authorizer.value, .some(.buffer(signature))],
                    by: pair.stranger) == .err(209))
        }
        // Whoever names itself authorizer books nothing of another's channels.
        #expect(
            try pair.call("claim", [.list(rows.map(\.value)), pair.stranger.value, .none], by: pair.stranger)
                == .claimed(.err(210)))
        #expect(try pair.details()["total-claimed"] == .uint(0))
    }

    @Test("u213: vouchers of another channel, contract or chain, mirrored, or for another ceiling")
    func vouchers() throws {
        let pair = try VoucherStage()
        var terms = pair.terms
        terms.salt = Hash32(Array(repeating: 1, count: 32)) ?? .zero
        _ = try pair.deposit(100)
        _ = try pair.deposit(100, terms)
        let channel = try pair.channel()
        let voucher = ClarityValue.fields([
            "topic": .text("voucher"), "channel-id": .hash(channel), "max-claimable-amount": .uint(50),
        ])
        let home = try pair.stage.identifier("voucher-channels")
        var digests = [
            SignedMessage.digest(of: voucher, for: try pair.stage.identifier("hash-chains")),
            SignedMessage.digest(of: voucher, for: home, chain: 1),
            SignedMessage.digest(of: voucher, for: home, version: "2"),
            try pair.voucherDigest(try pair.channel(terms), 50), try pair.voucherDigest(channel, 49),
        ].map { pair.voucherKey.sign($0) }
        digests.append(pair.voucherKey.signMirrored(try pair.voucherDigest(channel, 50)))
        for signature in digests {
            let row = VoucherRow(channel: channel, ceiling: 50, total: 20, signature: signature)
            #expect(try pair.claim([row]) == .claimed(.err(213)))
        }
    }

    @Test("u215, u216: refunds with another number, or not signed")
    func refunds() throws {
        let pair = try VoucherStage()
        _ = try pair.deposit(100)
        #expect(try pair.refund(10, nonce: 1) == .err(215))
        #expect(try pair.refund(10, nonce: 0, signedBy: pair.receiver) == .err(216))
        #expect(try pair.refund(10, nonce: 0) == .ok(10))
        #expect(try pair.refund(10, nonce: 0) == .err(215), "the same signature never pays twice")
        let mirrored = pair.authorizer.signMirrored(try pair.refundDigest(try pair.channel(), nonce: 1, 10))
        #expect(
            try pair.call(
                "refund", [.hash(try pair.channel()), .uint(10), .uint(1), .some(.buffer(mirrored)), .none],
                by: pair.stranger) == .err(216))
    }

    @Test("u217 to u222: withdrawals by others, of nothing, twice, of too much, of none, too early")
    func withdrawals() throws {
        let pair = try VoucherStage()
        _ = try pair.deposit(100)
        _ = try pair.claim([pair.row(40)])
        for account in [pair.receiver, pair.authorizer, pair.stranger] {
            #expect(try pair.initiate(10, by: account) == .err(217))
            #expect(try pair.finalize(by: account) == .err(217))
        }
        #expect(try pair.initiate(0) == .err(218))
        #expect(try pair.initiate(61) == .err(220))
        #expect(try pair.finalize() == .err(221))
        #expect(try pair.initiate(60).ok != nil)
        #expect(try pair.initiate(10) == .err(219))
        pair.stage.advance(seconds: 899)
        #expect(try pair.finalize() == .err(222))
        pair.stage.advance(seconds: 1)
        #expect(try pair.finalize() == .ok(60))
        #expect(try pair.finalize() == .err(221))
    }

    @Test("u223: a channel in which nothing was ever deposited")
    func unknown() throws {
        let pair = try VoucherStage()
        #expect(try pair.refund(1, nonce: 0) == .err(223))
        #expect(try pair.initiate(1) == .err(223))
        #expect(try pair.finalize() == .err(223))
        #expect(try pair.claim([pair.row(1)]) == .claimed(.err(223)))
        #expect(try pair.details() == ClarityValue.none)
        #expect(try pair.settle() == .ok(0))
    }

    @Test("A contract in between cannot withdraw or give back in the name of whoever called it")
    func contractsInBetween() throws {
        let pair = try VoucherStage()
        _ = try pair.deposit(100)
        try pair.stage.deploy(
            "trap",
            source: """
                (define-public (ask (channel-id (buff 32)))
                  (contract-call? .voucher-channels initiate-withdraw channel-id u100))
                (define-public (give (channel-id (buff 32)))
                  (contract-call? .voucher-channels refund channel-id u100 u0 none none))
                """)
        let channel = ClarityValue.hash(try pair.channel())
        #expect(try pair.stage.call("trap", "ask", [channel], by: pair.payer) == .err(217))
        #expect(try pair.stage.call("trap", "give", [channel], by: pair.authorizer) == .err(216))
    }
}
