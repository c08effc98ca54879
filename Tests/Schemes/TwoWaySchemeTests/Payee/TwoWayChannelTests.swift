// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402
import Testing

@Suite("A two-way channel")
struct TwoWayChannelTests {
    var scene: Scene
    var bob: TwoWayChannel

    init() throws {
        scene = try Scene()
        bob = scene.payee()
    }

    private func payment(_ nonce: UInt64, _ first: UInt128, _ second: UInt128) throws -> TwoWayPayment {
        try scene.signed(state(nonce, first, second), by: .first, key: bob.signer)
    }

    private func close(_ nonce: UInt64, _ first: UInt128, _ second: UInt128) throws -> TwoWayPayment {
        try scene.signed(state(nonce, first, second), by: .first, isClose: true, key: bob.signer)
    }

    @Test mutating func `countersigns a state that gives more, serves and charges`() throws {
        let id = scene.request()
        _ = try bob.apply(.paymentArrived(payment(1, 94, 6), for: scene.reservation(id, 5), at: noon))
        #expect(bob.party.newest == state(1, 94, 6))
        #expect(bob.purse.authorised == units(6))
        _ = try bob.apply(.served(id, price: units(5), at: noon))
        #expect(bob.purse.charged == units(5))
        #expect(bob.unclaimed == units(5))
        // One unit is left for the next.
        _ = try bob.apply(.paid(payment(3, 91, 9), price: units(4), at: noon))
        #expect(bob.purse.charged == units(9))
        #expect(bob.lastPaidAt == noon)
    }

    @Test mutating func `countersigns the same again, because the answer may be lost`() throws {
        _ = try bob.apply(.paid(payment(1, 90, 10), price: units(3), at: noon))
        let before = bob.statement(by: Scene.payeeKey)
        _ = try bob.apply(.paid(payment(1, 90, 10), price: units(3), at: noon))
        #expect(bob.statement(by: Scene.payeeKey) == before)
        #expect(bob.purse.authorised == units(10))
        #expect(try bob.apply(.paid(nil, price: units(1), at: noon)) == [], "what was paid ahead pays")
    }

    @Test mutating func `takes payments in any order`() throws {
        let payments = try [payment(1, 97, 3), payment(3, 94, 6), payment(5, 91, 9)]
        for (number, index) in [(1, 1), (2, 0), (3, 2)] as [(UInt64, Int)] {
            _ = try bob.apply(
                .paymentArrived(payments[index], for: scene.reservation(ReservationID(number), 3), at: noon))
        }
        #expect(bob.party.newest == state(5, 91, 9))
        for number in 1...3 as ClosedRange<UInt64> {
            _ = try bob.apply(.served(ReservationID(number), price: units(3), at: noon))
        }
        #expect(bob.purse.charged == units(9))
    }

    @Test mutating func `charges nothing for what failed, and credits what broke off`() throws {
        let id = scene.request()
        _ = try bob.apply(.paymentArrived(payment(1, 90, 10), for: scene.reservation(id, 10), at: noon))
        _ = try bob.apply(.released(id))
        #expect(bob.unclaimed == .zero)
        _ = try bob.apply(.paid(nil, price: units(10), at: noon))
        _ = try bob.apply(.deliveryFailed(units(4)))
        #expect(bob.unclaimed == units(6))
        #expect(bob.leastAtClose == units(6))
    }

    // MARK: - The end

    @Test mutating func `ends with what was charged, when the payer signed that`() throws {
        _ = try bob.apply(.paid(payment(1, 90, 10), price: units(7), at: noon))
        #expect(throws: TwoWayChannel.Refusal.closeUnsigned) { try bob.apply(.closeAsked(payment(1, 93, 7))) }
        let refusal = #expect(throws: TwoWayChannel.Refusal.self) { try bob.apply(.closeAsked(close(1, 94, 6))) }
        #expect(refusal?.code == "invalid_two_way_too_little")
        #expect(refusal?.callsForCorrection == true)
        let end = try close(1, 93, 7)
        #expect(throws: TwoWayChannel.Refusal.self) { try bob.apply(.paid(end, price: .zero, at: noon)) }
        #expect(try bob.apply(.closeAsked(end)) == [.submitClose(end)])
        #expect(try bob.apply(.closeAsked(close(1, 92, 8))) == [], "the one before lies in the outbox already")
        #expect(bob.ending == end)
        #expect(throws: TwoWayChannel.Refusal.notOpen(phase: "closing")) {
            try bob.apply(.paid(payment(3, 80, 20), price: units(1), at: noon))
        }
        #expect(bob.redemption == nil)
        let payouts = try scene.send(try #require(scene.order(for: .submitClose(end))))
        #expect(payouts.map(\.amount) == [units(93), units(7)])
        _ = try bob.apply(.observed(scene.snapshot))
        #expect(bob.captured == units(7))
        #expect(bob.unclaimed == .zero)
        #expect(throws: TwoWayChannel.Refusal.notOpen(phase: "closed")) { try bob.apply(.closeAsked(end)) }
    }

    @Test mutating func `ends no sooner than its requests`() throws {
        let id = scene.request()
        _ = try bob.apply(.paymentArrived(payment(1, 90, 10), for: scene.reservation(id, 3), at: noon))
        let end = try close(1, 97, 3)
        #expect(throws: TwoWayChannel.Refusal.purse(.busy(requests: 1))) { try bob.apply(.closeAsked(end)) }
        _ = try bob.apply(.served(id, price: units(3), at: noon))
        #expect(try bob.apply(.closeAsked(end)).count == 1)
    }

    @Test mutating func `can end alone, with the newest state`() throws {
        #expect(bob.redemption == nil)
        _ = try bob.apply(.paid(payment(1, 90, 10), price: units(10), at: noon))
        let proof = try #require(bob.redemption)
        try scene.send(try #require(scene.order(for: .startClose(proof, nonce: 1), of: .second)))
        #expect(try bob.apply(.observed(scene.snapshot)) == [])
        scene.wait(seconds: 3600)
        #expect(try bob.apply(.observed(scene.snapshot)) == [.submitFinalize])
        #expect(try scene.send(.finalize).map(\.amount) == [units(90), units(10)])
        #expect(try bob.apply(.observed(scene.snapshot)) == [])
        #expect(bob.captured == units(10))
    }

    @Test mutating func `starts from what the contract knows, when its books are new`() throws {
        _ = try bob.apply(.paid(payment(1, 90, 10), price: units(10), at: noon))
        try scene.send(try #require(scene.order(for: .startClose(bob.redemption, nonce: 1), of: .second)))
        let late = scene.payee()
        #expect(late.purse.charged == units(10))
        #expect(late.purse.available == .zero)
        #expect(late.party.newest == state(1, 90, 10))
    }

    // MARK: - Refusals

    @Test mutating func `refuses a request for which too little was paid, and keeps its payment out`() throws {
        let before = bob
        let refusal = #expect(throws: TwoWayChannel.Refusal.self) {
            try bob.apply(.paid(payment(1, 97, 3), price: units(4), at: noon))
        }
        #expect(refusal == .purse(.insufficient(available: units(3), price: units(4))))
        #expect(refusal?.callsForCorrection == true)
        #expect(bob == before)
    }

    @Test mutating func `refuses what the sides' rules and the purse refuse, with codes of its own`() throws {
        _ = try bob.apply(.paid(payment(1, 90, 10), price: units(1), at: noon))
        for (payment, code) in try [
            (payment(1, 91, 9), "nonce_taken"), (payment(3, 91, 9), "too_little"), (payment(4, 89, 11), "wrong_nonce"),
            (payment(3, 89, 10), "sum_mismatch"), (payment(1 << 40 | 1, 89, 11), "nonce_leap"),
        ] {
            let refusal = #expect(throws: TwoWayChannel.Refusal.self) {
                try bob.apply(.paid(payment, price: .zero, at: noon))
            }
            #expect(refusal?.code == "invalid_two_way_\(code)")
        }
        #expect(throws: TwoWayChannel.Refusal.purse(.reservationLost)) {
            try bob.apply(.served(ReservationID(9), price: units(1), at: noon))
        }
        #expect(throws: TwoWayChannel.Refusal.purse(.reservationLost)) { try bob.apply(.released(ReservationID(9))) }
        #expect(throws: TwoWayChannel.Refusal.self) { try bob.apply(.deliveryFailed(units(9))) }
    }

    // MARK: - On the wire

    @Test mutating func `travels as texts in JSON`() throws {
        let payment = scene.unverified(state(1, 90, 10), by: .alice)
        let close = scene.unverified(state(1, 90, 10), by: .alice, isClose: true)
        for sent in [payment, close] {
            #expect(try TwoWayChannel.payment(JSONMembers(TwoWayChannel.json(of: sent))) == sent)
        }
        #expect(try TwoWayChannel.terms(JSONMembers(TwoWayChannel.json(of: scene.terms))) == scene.terms)
        let text = PrepaidPayload<TwoWayChannel>.payment(scene.id, payment).json.bytes
        var cursor = JSONCursor()
        let plain = PlainPrepaid<TwoWayChannel>(&cursor, in: text.span)
        #expect(plain?.payment == payment && plain?.channel == scene.id)
        let end = PrepaidPayload<TwoWayChannel>.payment(scene.id, close).json.bytes
        cursor = JSONCursor()
        #expect(PlainPrepaid<TwoWayChannel>(&cursor, in: end.span) == nil, "an end is read in full")
        #expect(throws: MemberFault(field: "signature")) {
            try TwoWayChannel.payment(JSONMembers(["nonce": "1", "firstBalance": "90", "secondBalance": "10"]))
        }
        let offer = Self.offer
        _ = try bob.apply(
            .paid(
                bob.verify(payment, under: offer, in: Scene.domain, secrets: Scene.payeeKey.secrets),
                price: units(1), at: noon))
        let statement = JSONMembers(.object(bob.statement(by: Scene.payeeKey)))
        let told = state(
            try statement.number("nonce"), try statement.amount("firstBalance").units,
            try statement.amount("secondBalance").units)
        #expect(told == state(1, 90, 10))
        for (name, side) in [("signature", .first), ("countersignature", .second)] as [(String, TwoWaySide)] {
            let sent = UnverifiedTwoWayPayment(told, signature: try statement.signature(name))
            #expect(sent.verified(by: side, under: scene.terms, of: scene.id, in: Scene.domain) != nil)
        }
        #expect(throws: TwoWayChannel.Refusal.signature) {
            try bob.verify(
                scene.unverified(state(3, 90, 10), by: .mallory), under: offer, in: Scene.domain,
                secrets: Scene.payeeKey.secrets)
        }
        #expect(throws: TwoWayChannel.Refusal.signature) {
            try scene.payee().verify(
                scene.unverified(state(3, 90, 10), by: .mallory), under: offer, in: Scene.domain,
                secrets: Scene.payeeKey.secrets)
        }
    }

    private static let offer = PrepaidOffer(
        receiver: Person.bob.address, receiverAuthorizer: Person.bob.address,
        token: Token(
            domain: TokenDomain(address: Scene.token, name: "USDC", version: "2"), symbol: "USDC", decimals: 6),
        domain: Scene.domain)

    @Test func `fits an offer on its terms alone`() {
        let changes: [(String?, (inout TwoWayTerms) -> Void)] = [
            (nil, { $0.firstDeposit = units(7) }), ("second", { $0.second = Person.mallory.address }),
            ("token", { $0.token = .zero }), ("challengeSeconds", { $0.challengeSeconds = 899 }),
            ("challengeSeconds", { $0.challengeSeconds = .max }), ("secondDeposit", { $0.secondDeposit = units(1) }),
        ]
        for (field, change) in changes {
            var terms = scene.terms
            change(&terms)
            #expect(TwoWayChannel.mismatch(of: terms, with: Self.offer, price: units(1)) == field)
        }
    }

    // MARK: - Stored form

    @Test mutating func `says all that must outlive a restart in its stored form`() throws {
        _ = try bob.apply(.paid(payment(1, 90, 10), price: units(8), at: noon))
        let quiet = bob
        _ = try bob.apply(.paymentArrived(nil, for: scene.reservation(ReservationID(1), 1), at: noon))
        #expect(bob.isStoredLike(quiet), "what is in flight is lost")
        #expect(try TwoWayChannel(stored: bob.stored) == quiet)
        _ = try bob.apply(.released(ReservationID(1)))
        let end = try close(1, 92, 8)
        _ = try bob.apply(.closeAsked(end))
        var again = try TwoWayChannel(stored: bob.stored)
        #expect(again.ending == end)
        #expect(try again.apply(.closeAsked(end)) == [])
        for effect in [
            .submitClose(end), .submitChallenge(try payment(1, 90, 10)), .submitFinalize,
        ] as [TwoWayChannel.Effect] {
            #expect(try TwoWayChannel.effect(stored: TwoWayChannel.stored(effect)) == effect)
        }
        #expect(throws: StoredFormError.damaged) { try TwoWayChannel.effect(stored: [1, 7]) }
    }

    @Test mutating func `reads the record of version 1`() throws {
        _ = try bob.apply(.paid(payment(1, 90, 10), price: units(8), at: noon))
        let stored = try #require(Hex.decode(Self.recorded))
        #expect(bob.stored == stored)
        #expect(try TwoWayChannel(stored: stored) == bob)
    }

    @Test mutating func `refuses damaged bytes, and those of a later version`() throws {
        _ = try bob.apply(.paid(payment(1, 90, 10), price: units(8), at: noon))
        let stored = bob.stored
        for count in 0..<stored.count {
            #expect(throws: StoredFormError.damaged) { try TwoWayChannel(stored: Array(stored[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try TwoWayChannel(stored: stored + [0]) }
        #expect(throws: StoredFormError.newer(version: 2)) { try TwoWayChannel(stored: [2] + stored.dropFirst()) }
        #expect(throws: StoredFormError.newer(version: 2)) {
            try TwoWayParty(stored: [2] + bob.party.stored.dropFirst())
        }
    }

    private static let recorded =
        "0x"
        + "0127732595ef8d6f6974c7795c40d74b495a66adc3cbec3a00bfe822a9241a3094f035c823e606e365cfd9f9649e9701"
        + "4926c88e4f04f8be886f4c65732e8cb48d2ea910a4ec40a8fa1e8a698a4ddd0e88b81269f4e1ab95e12c5785b6000000"
        + "00000000000000000000000064000000000000000000000000000000000000000000000e10a05e334153147e75f3f416"
        + "139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b70010000000000000000000000000000000000000000000000640000"
        + "000000000000000000000000000000000000000000010000000000000000000000000000005a00000000000000000000"
        + "00000000000a0100000000000000010000000000000000000000000000005a0000000000000000000000000000000a1a"
        + "3157519bfb787974d593b75eefea64eb80252c0eec193e4512dfc6d041a57e35ce12e5e843cf9de608a60dd14791f07a"
        + "3f5fcf07501b0b0d2379f558201c1f1c000000000000004104616072d3edb53a253edbeb4a77a033529f5469ab88332a"
        + "c427a246a0d257f9fccb7d485bb88264a0a1c90073086a122502581146b9641e1bf70b19a1a1f9f29b00000000000000"
        + "0000000101000000000000000001000000006b49d2000000000000000000000000000000000a00000000000000000000"
        + "00000000000800000000000000000000000000000000000000000000000000000000000000000001000000006b49d200"
}
