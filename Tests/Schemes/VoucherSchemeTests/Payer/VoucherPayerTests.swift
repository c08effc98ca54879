// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A voucher channel, as the payer sees it")
struct VoucherPayerTests {
    @Test func `deposits first when the channel is empty, then signs for one request`() throws {
        var payer = try payer(balance: nil)
        let effects = try payer.apply(.requestStarted(price: 1_000, deposit: .of(10_000), at: noon))
        #expect(effects == [.authorizeDeposit(.of(10_000)), .sign(ceiling: 1_000)])
        #expect(try payer.apply(.answered(charged: 1_000)) == [])
        #expect(payer.balance == 10_000)
        #expect(payer.charged == 1_000)
        #expect(payer.phase == .idle)
    }

    @Test func `signs what it was charged so far plus the price, and deposits nothing while enough is there`() throws {
        var payer = try payer(balance: 10_000)
        for ceiling in [1_000, 2_000, 3_000] as [Amount] {
            #expect(
                try payer.apply(.requestStarted(price: 1_000, deposit: .of(10_000), at: noon)) == [
                    .sign(ceiling: ceiling)
                ])
            #expect(payer.authorised == ceiling)
            _ = try payer.apply(.answered(charged: 1_000))
        }
        #expect(payer.balance == 10_000)
    }

    @Test func `uses the channel up to the last unit before it tops up`() throws {
        var payer = try payer(balance: 1_000)
        #expect(try payer.apply(.requestStarted(price: 1_000, deposit: .of(500), at: noon)) == [.sign(ceiling: 1_000)])
        _ = try payer.apply(.answered(charged: 1_000))
        let effects = try payer.apply(.requestStarted(price: 1, deposit: .of(500), at: noon))
        #expect(effects == [.authorizeDeposit(.of(500)), .sign(ceiling: 1_001)])
        _ = try payer.apply(.answered(charged: 1))
        #expect(payer.balance == 1_500)
    }

    @Test func `is charged less than it offered, down to nothing`() throws {
        var payer = try payer(balance: 10_000)
        for (charged, total) in [(0, 0), (300, 300), (1_000, 1_300)] as [(Amount, Amount)] {
            _ = try payer.apply(.requestStarted(price: 1_000, deposit: .of(0), at: noon))
            _ = try payer.apply(.answered(charged: charged))
            #expect(payer.charged == total)
        }
        #expect(payer.authorised == 1_300)
    }

    @Test func `signs the same ceiling again after a refusal`() throws {
        var payer = try payer(balance: nil)
        let event = VoucherPayer.Event.requestStarted(price: 1_000, deposit: .of(10_000), at: noon)
        let first = try payer.apply(event)
        _ = try payer.apply(.refused)
        #expect(payer.balance == 0)
        #expect(payer.charged == 0)
        #expect(payer.authorised == 1_000)
        #expect(try payer.apply(event) == first)
    }

    @Test func `takes over books that a voucher of its own proves`() throws {
        let alice = try Alice()
        var payer = VoucherPayer(id: alice.id, terms: alice.terms)
        _ = try payer.apply(.requestStarted(price: 1_000, deposit: .of(10_000), at: noon))
        let ledger = Bob.snapshot(20_000, claimed: 500, at: 2)
        _ = try payer.apply(.corrected(charged: 2_500, balance: nil, proof: try alice.voucher(3_000), ledger: ledger))
        #expect(payer.charged == 2_500)
        #expect(payer.balance == 20_000)
        #expect(payer.authorised == 3_000)
        #expect(try payer.apply(.requestStarted(price: 1_000, deposit: .of(0), at: noon)) == [.sign(ceiling: 3_500)])
    }

    @Test func `starts over from the ledger when it lost its books`() throws {
        let alice = try Alice()
        let payer = VoucherPayer(id: alice.id, terms: alice.terms, ledger: Bob.snapshot(9_000, claimed: 700, at: 2))
        #expect(payer.charged == 700)
        #expect(payer.balance == 9_000)
        #expect(payer.authorised == 700)
    }

    @Test(arguments: [(10_000, 0), (9_000, 1_000), (3_000, 7_000)] as [(Amount, Amount)])
    func `gets its money back, in whole or in part`(amount: Amount, left: Amount) throws {
        var payer = try payer(balance: 10_000)
        #expect(try payer.apply(.refunded(amount)) == [])
        #expect(payer.balance == left)
    }

    @Test func `takes back more than it thought was left, when the payee gives back undelivered charges`() throws {
        var payer = try payer(balance: 10_000)
        _ = try payer.apply(.requestStarted(price: 1_000, deposit: .of(0), at: noon))
        _ = try payer.apply(.answered(charged: 1_000))
        _ = try payer.apply(.refunded(9_300))
        #expect(payer.balance == 700)
        #expect(payer.charged == 1_000)
        // The books of both sides go on from 1,000, so the next deposit must cover the gap.
        let effects = try payer.apply(.requestStarted(price: 500, deposit: .of(800), at: noon))
        #expect(effects == [.authorizeDeposit(.of(800)), .sign(ceiling: 1_500)])
    }

    @Test func `works up to the largest sum there is`() throws {
        var payer = try payer(balance: .max)
        #expect(try payer.apply(.requestStarted(price: .max, deposit: .of(0), at: noon)) == [.sign(ceiling: .max)])
        _ = try payer.apply(.answered(charged: .max))
        #expect(payer.charged == .max)
    }

    private func payer(balance: Amount?) throws -> VoucherPayer {
        let alice = try Alice()
        return VoucherPayer(id: alice.id, terms: alice.terms, ledger: balance.map { Bob.snapshot($0, at: 1) })
    }
}
