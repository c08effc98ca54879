// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@Suite("A lottery channel's stored form")
struct LotteryStoredFormTests {
    /// A ticket that lost, one that won and was paid, and two that have won since.
    private func scene() throws -> Scene {
        var scene = try Scene()
        try scene.take(scene.ticket(1), price: 30)
        try scene.take(scene.ticket(2, wins: true), price: 60)
        try scene.redeem()
        _ = try scene.bob.apply(.observed(scene.snapshot))
        try scene.take(scene.ticket(3, wins: true))
        try scene.take(scene.ticket(5, wins: true))
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
        + "92a7c37b7004f8be886f4c65732e8cb48d2ea910a4ec40a8fa0000000000000000050000000000000005010000000000"
        + "00004104616072d3edb53a253edbeb4a77a033529f5469ab88332ac427a246a0d257f9fccb7d485bb88264a0a1c90073"
        + "086a122502581146b9641e1bf70b19a1a1f9f29b000000000000000000000000000000c8000000000000000000000000"
        + "0000005a000000000000000000000000000000000110ed6dfa100824f24f60a8d1a050a64af19dfb3800000000000000"
        + "0000000000000003e8000000000000000200000000000000000000000000000064000000030000000204f8be886f4c65"
        + "732e8cb48d2ea910a4ec40a8fab613e20ee34b569fad567988e3bd3c1e7f1024c95eb6d26d2e4e340cab989313000000"
        + "0000000003000000000000000000000000000000648000000000000000000000006b49e013d4013a4e34e47579d6aa82"
        + "98761651586df6ffeb05c86825b16d32def4a318726290420e627c465af9b499e2adf7ad8c6c643fcebb9c788eaa11d8"
        + "5b45ddbfd61c96f5ef503aebda244022138e22f9e70a92967b2f7c3c37d43872b72d4fe3fa7e04f8be886f4c65732e8c"
        + "b48d2ea910a4ec40a8fa1916e893ea2594993edb29b62496317639277271b403e67e33db48835ce181a0000000000000"
        + "0005000000000000000000000000000000648000000000000000000000006b49e011fc11cb04103d85b6602a11beae91"
        + "0b36b408d40d2f307e64e9e4898be6bbb904454c07d28e355381c8c268cbdcbb454d0333c0f4dd9a9ddda96a5e28c049"
        + "725b1b2a333acf9ece80635c7898716035b9a019326b6f018aba6bc861ee48cd37c6030000000000000002000000006b"
        + "49d20001000000006b49d200"
}
