// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Voucher channels on Stacks, and tokens of all kinds")
struct VoucherTokenTests {
    /// A channel of an odd token.
    private static func odd(_ source: String, deposit: UInt128 = 100) throws -> (VoucherStage, VoucherTerms, Outcome) {
        let pair = try VoucherStage(inTokens: true)
        try pair.stage.deploy("odd", source: source)
        for account in [pair.payer, pair.stranger] {
            _ = try pair.stage.call("odd", "mint", [.uint(1000), account.value], by: pair.stranger)
        }
        var terms = pair.terms
        terms.token = try pair.stage.identifier("odd")
        return (pair, terms, try pair.deposit(deposit, terms))
    }

    private static func arm(_ pair: VoucherStage, _ channel: Hash32, _ account: Account) throws {
        #expect(
            try pair.stage.call("odd", "arm", [.hash(channel), account.value], by: pair.stranger) == .ok(.bool(true)))
    }

    @Test("u207: a token that keeps a part, or moves nothing, is not credited")
    func shortTokens() throws {
        for source in [OddTokens.withFee, OddTokens.lying] {
            let (pair, terms, outcome) = try Self.odd(source)
            #expect(outcome == .err(207))
            #expect(try pair.details(pair.channel(terms)) == ClarityValue.none)
        }
    }

    @Test("u206: a token that moves STX is refused at the deposit, for it could never be paid out")
    func wrapper() throws {
        let (pair, _, outcome) = try Self.odd(OddTokens.wrapper)
        #expect(outcome == .err(206))
        #expect(try pair.stage.balance(pair.payer) == VoucherStage.riches)
    }

    @Test("u206: a token takes nothing else from whoever deposits")
    func thiefAtDeposit() throws {
        let (pair, terms, _) = try Self.odd(OddTokens.thief)
        try Self.arm(pair, .zero, pair.stranger)
        #expect(try pair.deposit(100, terms) == .err(206))
        #expect(try pair.stage.balance(pair.payer) == VoucherStage.riches)
    }

    @Test("u224: a token takes nothing else out of the contract when it pays")
    func thievesAtPayout() throws {
        for source in [OddTokens.thief, OddTokens.tokenThief, OddTokens.greedy] {
            let (pair, terms, outcome) = try Self.odd(source)
            #expect(outcome.ok != nil)
            // Other people's money of three kinds lies in the contract.
            _ = try pair.deposit(500)
            var plain = pair.terms
            plain.token = nil
            _ = try pair.deposit(500, plain)
            _ = try pair.deposit(500, VoucherTerms(terms, salt: 3), by: pair.stranger)
            let channel = try pair.channel(terms)
            _ = try pair.claim([pair.row(40, of: channel)])
            try Self.arm(pair, channel, pair.stranger)
            let token = try pair.stage.identifier("odd")
            #expect(try pair.settle(token: token) == .err(224))
            #expect(try pair.refund(10, nonce: 0, of: channel, token: token) == .err(224))
            _ = try pair.initiate(10, of: channel)
            pair.stage.advance(seconds: 900)
            #expect(try pair.finalize(of: channel, token: token) == .err(224))
            #expect(try pair.held() == 500)
            #expect(try pair.stage.balance(of: "voucher-channels") == 500)
            #expect(try pair.held(token: token) == 600)
        }
    }

    @Test("u214: a token that lies about sums stops no row of another")
    func absurdSums() throws {
        let (pair, terms, outcome) = try Self.odd(OddTokens.boasting, deposit: .max)
        #expect(outcome.ok != nil)
        _ = try pair.stage.call("odd", "forget", [], by: pair.stranger)
        let other = VoucherTerms(terms, salt: 6)
        #expect(try pair.deposit(.max, other).ok != nil)
        _ = try pair.deposit(100)
        #expect(
            try pair.claim([
                pair.row(.max, of: pair.channel(terms)), pair.row(1, of: pair.channel(other)), pair.row(30),
            ]) == .claimed(.ok(.max), .err(214), .ok(30)))
        #expect(try pair.settle() == .ok(30))
    }

    @Test("A receiver that a token does not pay stands in nobody's way", arguments: [false, true])
    func barredReceiver(stops: Bool) throws {
        let (pair, terms, _) = try Self.odd(stops ? OddTokens.stopping : OddTokens.refusing)
        var other = VoucherTerms(terms, salt: 5)
        other.receiver = pair.stranger.value
        _ = try pair.deposit(100, other)
        let (first, second) = (try pair.channel(terms), try pair.channel(other))
        #expect(try pair.claim([pair.row(40, of: first), pair.row(30, of: second)]) == .claimed(.ok(40), .ok(30)))
        try Self.arm(pair, first, pair.receiver)
        let token = try pair.stage.identifier("odd")
        let refused = try pair.settle(token: token)
        #expect(refused == .err(224) || (stops && refused.isAborted))
        #expect(try pair.settle(pair.stranger.value, token: token) == .ok(30))
        #expect(try pair.refund(60, nonce: 0, of: first, token: token) == .ok(60))
        _ = try pair.initiate(70, of: second)
        pair.stage.advance(seconds: 900)
        #expect(try pair.finalize(of: second, token: token) == .ok(70))
        // What is due stays due.
        try Self.arm(pair, first, pair.authorizer)
        #expect(try pair.settle(token: token) == .ok(40))
    }

    @Test("What a token has claimed while it is deposited is not claimed once more")
    func claimingAtDeposit() throws {
        let pair = try VoucherStage(inTokens: true)
        var terms = pair.terms
        let token = try pair.stage.identifier("odd")
        terms.token = token
        let channel = try pair.channel(terms)
        let row = try pair.row(100, of: channel)
        let leave = pair.authorizer.sign(try pair.batchDigest([row]))
        let claim = """
            (contract-call? .voucher-channels claim
              (list { channel-id: 0x\(Hex.digits(channel.bytes)), max-claimable-amount: u100,
                signature: 0x\(Hex.digits(row.signature)), total-claimed: u100 })
              (var-get barred) (some 0x\(Hex.digits(leave))))
            """
        try pair.stage.deploy("odd", source: OddTokens.reentering(claim))
        for account in [pair.payer, pair.stranger] {
            _ = try pair.stage.call("odd", "mint", [.uint(1000), account.value], by: pair.stranger)
        }
        #expect(try pair.deposit(100, terms).ok != nil)
        // Other people's money of the same token lies in the contract.
        #expect(try pair.deposit(500, VoucherTerms(terms, salt: 3), by: pair.stranger).ok != nil)
        try Self.arm(pair, channel, pair.authorizer)
        #expect(try pair.deposit(100, terms).ok != nil)
        let details = try pair.details(channel)
        #expect(details["balance"]?.number == 200 && details["total-claimed"]?.number == 100)
        _ = try pair.claim([pair.row(200, of: channel)])
        #expect(try pair.settle(token: token) == .ok(200))
        #expect(try pair.held(token: token) == 500)
    }

    @Test("A token that calls back gets nothing but what is due", arguments: 0..<4)
    func reentering(index: Int) throws {
        // A token cannot hand itself in, for a contract cannot name itself as a trait: STX and other tokens it can.
        let call = [
            "(contract-call? .voucher-channels settle (var-get barred) none)",
            "(contract-call? .voucher-channels refund (var-get target) u60 u0 none none)",
            "(contract-call? .voucher-channels initiate-withdraw (var-get target) u60)",
            """
            (contract-call? .voucher-channels deposit {
                payer: (var-get barred), payer-authorizer: none, receiver: (var-get barred),
                receiver-authorizer: (var-get barred), token: none, withdraw-delay: u900, salt: (var-get target)
              } u60 none)
            """,
        ][index]
        let (pair, terms, outcome) = try Self.odd(OddTokens.reentering(call))
        #expect(outcome.ok != nil)
        var plain = pair.terms
        plain.token = nil
        _ = try pair.deposit(500, plain)
        let (channel, other) = (try pair.channel(terms), try pair.channel(plain))
        let token = try pair.stage.identifier("odd")
        _ = try pair.claim([pair.row(40, of: channel), pair.row(25, of: other)])
        try Self.arm(pair, channel, pair.receiver)
        for _ in 1...2 {
            _ = try pair.settle(token: token)
            _ = try pair.refund(60, nonce: 0, of: channel, token: token)
        }
        let paid = try pair.stage.balance(pair.receiver) - VoucherStage.riches
        #expect(paid == 0 || paid == 25)
        #expect(try pair.stage.balance(of: "voucher-channels") == 500 - paid)
        #expect(try pair.stage.balance(pair.payer) == VoucherStage.riches - 500)
        #expect(try pair.balance(pair.receiver, token: token) <= 40)
        #expect(try pair.balance(pair.payer, token: token) <= 960)
        #expect(try pair.settle(token: .some(nil)) == .ok(25 - paid))
    }
}

extension VoucherTerms {
    init(_ terms: VoucherTerms, salt: UInt8) {
        self = terms
        self.salt = Hash32(Array(repeating: salt, count: 32)) ?? .zero
    }
}
