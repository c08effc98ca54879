// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A payment in doubt")
struct DoubtTests {
    @Test func `leaves the sum where it was, from which the next voucher starts`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        for price in [300, 100, 200] as [Amount] { try carol.lose(price) }
        #expect(carol.payer.doubts.map(\.ceiling) == [1_300, 1_100, 1_200])
        #expect(carol.payer.charged == 1_000)
        #expect(carol.payer.authorised == 1_300)
        let event = VoucherPayer.Event.requestStarted(price: 50, deposit: .of(0), at: noon)
        #expect(try carol.payer.apply(event) == [.sign(ceiling: 1_050)])
    }

    @Test func `is one doubt however often the same is tried`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        for _ in 0..<100 { try carol.lose(300) }
        try carol.start(300)
        _ = try carol.payer.apply(.refused)
        #expect(carol.payer.doubts.map(\.price) == [300])
    }

    @Test func `ends with the next charge, since both cannot have started from the same sum`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.lose(300)
        try carol.pay(200, costing: 1)
        #expect(carol.payer.doubts == [])
        #expect(carol.payer.charged == 1_001)
    }

    @Test func `outlives an answer that cost nothing, and so does that payment`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.lose(300)
        try carol.pay(200, costing: 0)
        #expect(carol.payer.doubts.map(\.ceiling) == [1_300, 1_200])
        try carol.correct(offering: 10, to: 1_200, showing: 1_200)
        #expect(carol.payer.charged == 1_200)
        #expect(carol.payer.doubts == [])
    }

    @Test(arguments: [1_300, 1_299, 1_001] as [Amount])
    func `is settled by its voucher, whatever of it was charged`(told: Amount) throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        for price in [100, 300] as [Amount] { try carol.lose(price) }
        try carol.correct(offering: 50, to: told, showing: 1_300)
        #expect(carol.payer.charged == told)
        #expect(carol.payer.doubts == [])
        #expect(carol.payer.phase == .idle)
    }

    @Test func `stays when the payee only disagrees about the price`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.lose(300)
        try carol.correct(offering: 50, to: 1_000, showing: 1_000)
        #expect(carol.payer.doubts.map(\.ceiling) == [1_300, 1_050])
    }

    @Test func `is believed not to have been taken when the payee counts less`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.lose(300)
        try carol.correct(offering: 50, to: 900, showing: nil)
        #expect(carol.payer.charged == 900)
        #expect(carol.payer.doubts == [])
    }

    @Test func `is over when the settlement has booked it`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        for price in [100, 300] as [Amount] { try carol.lose(price) }
        _ = try carol.payer.apply(.observed(Bob.snapshot(10_000, claimed: 1_150, at: 2)))
        #expect(carol.payer.charged == 1_150)
        #expect(carol.payer.doubts.map(\.ceiling) == [1_300])
        #expect(carol.payer.misconduct == nil)
    }

    @Test func `of a request on its way is not counted twice when its claim is seen before its answer`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.start(300)
        _ = try carol.payer.apply(.observed(Bob.snapshot(10_000, claimed: 1_200, at: 2)))
        _ = try carol.payer.apply(.answered(charged: 200))
        #expect(carol.payer.charged == 1_200)
        #expect(carol.payer.misconduct == nil)
    }

    @Test(arguments: [true, false])
    func `is not the thirty-third`(isCovered: Bool) throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        for price in 1...32 as ClosedRange<UInt128> { try carol.lose(Amount(units: price)) }
        let price: Amount = isCovered ? 33 : 20_000
        carol.expect(
            .requestStarted(price: price, deposit: .of(20_000), at: noon), .tooManyDoubts(32), "payer.too-many-doubts")
        // One of those that are in doubt anyway adds nothing.
        try carol.lose(32)
        #expect(try VoucherPayer(stored: carol.payer.stored) == carol.payer)
        try carol.pay(32)
        try carol.pay(33)
    }

    @Test func `is never made of so many free answers that no request could be sent`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        for price in 1...100 as ClosedRange<UInt128> { try carol.pay(Amount(units: price), costing: 0) }
        #expect(carol.payer.doubts.count == 16)
        #expect(carol.payer.charged == 1_000)
    }
}
