// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@Suite("A lottery payer's stored form")
struct LotteryPayerStoredFormTests {
    /// One request was served, one never answered, and one is under way.
    private func scene() throws -> Scene {
        var scene = try Scene()
        let seat = scene.request()
        _ = try scene.alice.apply(.paymentAsked(seat, price: units(5), longest: 1024, at: noon))
        _ = try scene.alice.apply(.corrected(seat, scene.statement))
        for number in 0..<3 {
            let id = scene.request()
            let asked = LotteryPayer.Event.paymentAsked(id, price: units(5), longest: 1024, at: noon)
            guard case .ticket(let ticket) = try scene.alice.apply(asked) else { continue }
            if number == 0 {
                try scene.take(ticket, price: 5)
                _ = try scene.alice.apply(.served(id, charged: units(5), scene.statement))
            }
            if number == 1 { _ = try scene.alice.apply(.unanswered(id)) }
        }
        return scene
    }

    private func fund() throws -> LotteryFund {
        let scene = try scene()
        var fund = LotteryFund(id: scene.id, terms: scene.terms, policy: scene.alice.policy)
        for payee in [Person.bob, .mallory] {
            _ = try pay(payee, out: &fund)
        }
        return fund
    }

    @discardableResult
    private func pay(_ payee: Person, out fund: inout LotteryFund) throws -> LotteryPayer.Payment? {
        try fund.pay(
            ReservationID(1), price: units(1), longest: 1024, to: payee.address, authorizer: payee.address, at: noon)
    }

    @Test func `says all that must outlive a restart`() throws {
        let alice = try scene().alice
        let read = try LotteryPayer(stored: alice.stored)
        #expect(read.id == alice.id)
        #expect(read.told == alice.told)
        #expect(read.nonce == 3)
        #expect(read.spent == alice.spent)
        #expect(read.exposure == alice.exposure, "what can still win is known")
        #expect(read.charged == units(5))
        #expect(read.purse.doubtful == units(10), "what was under way is in doubt")
        #expect(read.stored == alice.stored)
        let fund = try fund()
        let again = try LotteryFund(stored: fund.stored)
        #expect(again.payers.keys.sorted() == fund.payers.keys.sorted())
        #expect(again.stored == fund.stored)
    }

    @Test func `reads the record of version 1`() throws {
        let stored = try scene().alice.stored
        #expect(Hex.encode(stored) == Self.recorded)
        let recorded = try #require(Hex.decode(Self.recorded))
        #expect(try LotteryPayer(stored: recorded).stored == stored)
    }

    @Test func `refuses damaged bytes, and those of a later version`() throws {
        let stored = try scene().alice.stored
        for count in 0..<stored.count {
            #expect(throws: StoredFormError.damaged) { try LotteryPayer(stored: Array(stored[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try LotteryPayer(stored: stored + [0]) }
        #expect(throws: StoredFormError.newer(version: 2)) { try LotteryPayer(stored: [2] + stored.dropFirst()) }
        let fund = try fund().stored
        for count in 0..<fund.count {
            #expect(throws: StoredFormError.damaged) { try LotteryFund(stored: Array(fund[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try LotteryFund(stored: fund + [0]) }
    }

    @Test func `has room for as many payees as seats`() throws {
        let terms = try Scene(seats: 1).terms
        var fund = LotteryFund(
            id: terms.channelID(in: Scene.domain), terms: terms, policy: LotteryPayer.Policy(worstCase: .max))
        let payment = try pay(.bob, out: &fund)
        #expect(payment == .seat)
        let before = fund
        #expect(throws: LotteryPayer.Refusal.noSeatLeft(seats: 1)) { try pay(.mallory, out: &fund) }
        #expect(fund == before)
    }

    private static let recorded =
        "0x"
        + "01c5441eac861a352d2f66558a1d57765f7b6df909cca2eab73760566d0539c3b7f035c823e606e365cfd9f9649e9701"
        + "4926c88e4ff3d1c1d24bc8d5f3c629eaa07a31e68c98604428000000000000000000000000000003e800000000000000"
        + "000000000000000fa000000004000000006b4b2380a05e334153147e75f3f416139b5109d1179cb56fef6a4ecb4c4cbc"
        + "92a7c37b7004f8be886f4c65732e8cb48d2ea910a4ec40a8fa10ed6dfa100824f24f60a8d1a050a64af19dfb38000000"
        + "000000000000000000000186a0000000640000000000000e100100000000000000000000000000000005000000000000"
        + "0000000000000000000500000000000000000000000000000000547a266234212f13b1901bca94130f9f48073c14355d"
        + "dea950fca10a5f81c4920000000000000001000000000000000000000000000003e80000000000000003000000000000"
        + "0000000000000000000f000000000000000000000000000000050000000000000000000000000000000a000000000300"
        + "00000000000001000000000000000000000000000001f4000000006b49e0100000000000000002000000000000000000"
        + "000000000001f4000000006b49e0100000000000000003000000000000000000000000000001f4000000006b49e010"
}
