// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@Suite("A lottery channel's stored form")
struct LotteryStoredFormTests {
    /// A ticket that lost, two that won, and a request that is under way.
    private func scene() throws -> Scene {
        var scene = try Scene()
        try scene.take(scene.ticket(1), price: 30)
        try scene.take(scene.ticket(2, wins: true), price: 60)
        try scene.take(scene.ticket(3, wins: true))
        _ = try scene.bob.apply(.captured(units(5)))
        return scene
    }

    @Test func `says all that must outlive a restart, and no secret that is still to be drawn with`() throws {
        var scene = try scene()
        let quiet = scene.bob
        _ = try scene.bob.apply(.paymentArrived(nil, for: scene.reservation(ReservationID(1), 1), at: noon))
        #expect(scene.bob.isStoredLike(quiet), "what is in flight is lost")
        #expect(try LotteryChannel(stored: scene.bob.stored) == quiet)
        #expect(!Hex.encode(quiet.stored).contains(scene.secret.hex.dropFirst(2)))
        for winner in quiet.unredeemed {
            let effect = LotteryChannel.Effect.redeem(winner)
            #expect(try LotteryChannel.effect(stored: LotteryChannel.stored(effect)) == effect)
        }
        let fresh = try Scene().bob
        #expect(try LotteryChannel(stored: fresh.stored) == fresh)
        #expect(!fresh.isStoredLike(quiet))
    }

    @Test func `reads the record of version 1`() throws {
        let scene = try scene()
        let stored = try #require(Hex.decode(Self.recorded))
        #expect(scene.bob.stored == stored, "\(Hex.encode(scene.bob.stored))")
        #expect(try LotteryChannel(stored: stored) == scene.bob)
    }

    @Test func `refuses damaged bytes, and those of a later version`() throws {
        let stored = try scene().bob.stored
        for count in 0..<stored.count {
            #expect(throws: StoredFormError.damaged) { try LotteryChannel(stored: Array(stored[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try LotteryChannel(stored: stored + [0]) }
        #expect(throws: StoredFormError.newer(version: 2)) { try LotteryChannel(stored: [2] + stored.dropFirst()) }
        #expect(throws: StoredFormError.damaged) { try LotteryChannel.effect(stored: [1, 7]) }
    }

    private static let recorded =
        "0x"
        + "01c5441eac861a352d2f66558a1d57765f7b6df909cca2eab73760566d0539c3b7f035c823e606e365cfd9f9649e9701"
        + "4926c88e4ff3d1c1d24bc8d5f3c629eaa07a31e68c98604428000000000000000000000000000003e800000000000000"
        + "000000000000000fa000000004000000006b4b2380a05e334153147e75f3f416139b5109d1179cb56fef6a4ecb4c4cbc"
        + "92a7c37b7004f8be886f4c65732e8cb48d2ea910a4ec40a8fa0000000000000000030000000000000003010000000000"
        + "00004104616072d3edb53a253edbeb4a77a033529f5469ab88332ac427a246a0d257f9fccb7d485bb88264a0a1c90073"
        + "086a122502581146b9641e1bf70b19a1a1f9f29b00000000000000000000000000000096000000000000000000000000"
        + "0000005a0000000000000000000000000000000001000000000000000000000000000003e8000000030000000204f8be"
        + "886f4c65732e8cb48d2ea910a4ec40a8fa547a266234212f13b1901bca94130f9f48073c14355ddea950fca10a5f81c4"
        + "920000000000000002000000000000000000000000000000648000000000000000000000006b49e010c84bd7789b3ae9"
        + "3e0eaa3ebb4c9a0956cef9e14ccfca02a30018fa129f8ab35a471adeb9315c2366d1d2de351a73eb494d30b56728dff2"
        + "37d7e7f1a83c32d8ef1b66d4135fbe659d5d09518144817d6bfb09390c630b2b0493e391be4ba8cbd8f004f8be886f4c"
        + "65732e8cb48d2ea910a4ec40a8fab613e20ee34b569fad567988e3bd3c1e7f1024c95eb6d26d2e4e340cab9893130000"
        + "000000000003000000000000000000000000000000648000000000000000000000006b49e013d4013a4e34e47579d6aa"
        + "8298761651586df6ffeb05c86825b16d32def4a318726290420e627c465af9b499e2adf7ad8c6c643fcebb9c788eaa11"
        + "d85b45ddbfd61c96f5ef503aebda244022138e22f9e70a92967b2f7c3c37d43872b72d4fe3fa7e000000000000000000"
        + "000000000000050000000000000001000000006b49d20001000000006b49d200"
}
