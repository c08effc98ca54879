// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("An outstanding deposit")
struct OutstandingDepositTests {
    private let first = DepositLeave.of(500, salt: 1, seconds: 300)
    private let second = DepositLeave.of(700, salt: 2, seconds: 600)

    @Test func `is sent again instead of another`() throws {
        var carol = try lost()
        let effects = try carol.payer.apply(.requestStarted(price: 200, deposit: second, at: noon))
        #expect(effects == [.authorizeDeposit(first), .sign(ceiling: 200)])
        #expect(carol.payer.outstanding == first)
    }

    @Test func `stays out of a request that needs none`() throws {
        var carol = try Carol(balance: 1_000, charged: 900)
        try carol.lose(200, deposit: first)
        #expect(
            try carol.payer.apply(.requestStarted(price: 100, deposit: second, at: noon)) == [.sign(ceiling: 1_000)])
        _ = try carol.payer.apply(.answered(charged: 100))
        #expect(carol.payer.outstanding == first)
        #expect(carol.payer.balance == 1_000)
    }

    @Test func `that is too small holds up what needs more`() throws {
        let event = VoucherPayer.Event.requestStarted(price: 501, deposit: second, at: noon)
        try lost().expect(
            event, .depositOutstanding(amount: 500, validBefore: first.validBefore), "payer.deposit-outstanding")
    }

    @Test(arguments: [291, 300] as [Int64])
    func `that could not be submitted in time holds up the next`(second: Int64) throws {
        let now = noon.advanced(bySeconds: second)
        try lost().expect(
            .requestStarted(price: 100, deposit: self.second, at: now),
            .depositOutstanding(amount: 500, validBefore: first.validBefore), "payer.deposit-outstanding")
    }

    @Test func `is dropped once it has expired`() throws {
        var carol = try lost()
        let now = noon.advanced(bySeconds: 301)
        let effects = try carol.payer.apply(.requestStarted(price: 100, deposit: second, at: now))
        #expect(effects.first == .authorizeDeposit(second))
        #expect(carol.payer.outstanding == second)
    }

    @Test func `is void when a later block does not show it`() throws {
        var carol = try lost()
        _ = try carol.payer.apply(.observed(snapshot(0, seconds: 300)))
        #expect(carol.payer.outstanding == first)
        _ = try carol.payer.apply(.observed(snapshot(0, seconds: 301)))
        #expect(carol.payer.outstanding == nil)
        #expect(carol.payer.balance == 0)
    }

    @Test func `is locked when the settlement shows it`() throws {
        var carol = try lost()
        _ = try carol.payer.apply(.observed(snapshot(500, seconds: 10)))
        #expect(carol.payer.outstanding == nil)
        #expect(carol.payer.unseen == nil)
        #expect(carol.payer.balance == 500)
    }

    @Test func `is not counted twice by an answer that comes after the settlement's word`() throws {
        var carol = try Carol()
        try carol.start(100, deposit: first)
        _ = try carol.payer.apply(.observed(snapshot(500, seconds: 10)))
        _ = try carol.payer.apply(.answered(charged: 100))
        #expect(carol.payer.balance == 500)
        #expect(carol.payer.outstanding == nil)
    }

    @Test func `counts once it was answered, and is outstanding again when an older block is read`() throws {
        var carol = try Carol()
        try carol.start(100, deposit: first)
        _ = try carol.payer.apply(.answered(charged: 100))
        #expect(carol.payer.balance == 500)
        #expect(carol.payer.unseen == first)
        _ = try carol.payer.apply(.observed(snapshot(0, seconds: 10)))
        #expect(carol.payer.balance == 0)
        // So that not another is locked in its place.
        let effects = try carol.payer.apply(.requestStarted(price: 100, deposit: second, at: noon))
        #expect(effects == [.authorizeDeposit(first), .sign(ceiling: 200)])
        _ = try carol.payer.apply(.observed(snapshot(500, seconds: 20)))
        _ = try carol.payer.apply(.answered(charged: 100))
        #expect(carol.payer.balance == 500)
        #expect(carol.payer.unseen == nil)
    }

    @Test func `was locked when its voucher was taken, or the payee says that more is there`() throws {
        for told in [nil, 500] as [Amount?] {
            var carol = try lost()
            let proof = try told == nil ? carol.alice.voucher(100) : nil
            try carol.start(10)
            _ = try carol.payer.apply(
                .corrected(charged: told == nil ? 100 : 0, balance: told, proof: proof, ledger: nil))
            #expect(carol.payer.balance == 500)
            #expect(carol.payer.outstanding == nil)
            #expect(carol.payer.unseen == first)
        }
    }

    @Test func `stays outstanding when the settlement that was read does not show it`() throws {
        var carol = try lost()
        try carol.start(10)
        _ = try carol.payer.apply(
            .corrected(
                charged: 100, balance: 500, proof: try carol.alice.voucher(100), ledger: snapshot(0, seconds: 10)))
        #expect(carol.payer.balance == 0)
        #expect(carol.payer.outstanding == first)
    }

    @Test func `is not taken for another that came with the same voucher`() throws {
        var carol = try lost()
        try carol.start(100, deposit: second, at: noon.advanced(bySeconds: 301))
        _ = try carol.payer.apply(
            .corrected(charged: 100, balance: nil, proof: try carol.alice.voucher(100), ledger: nil))
        #expect(carol.payer.outstanding == second)
        #expect(carol.payer.balance == 0)
    }

    private func lost() throws -> Carol {
        var carol = try Carol()
        try carol.lose(100, deposit: first)
        return carol
    }

    private func snapshot(_ balance: Amount, seconds: Int64) -> ChannelSnapshot {
        ChannelSnapshot(
            balance: balance, totalClaimed: .zero,
            block: Block(height: UInt64(clamping: seconds), time: noon.advanced(bySeconds: seconds)))
    }
}
