// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@Suite("The stored forms of a lot's sides")
struct LotStoredFormTests {
    /// A ticket that is in, one that somebody else has, one that is to be entered, and one that old books took.
    private static func scene() throws -> LotScene {
        var scene = try LotScene(count: 6)
        let first = try scene.take(scene.payment(0))
        _ = try scene.take(scene.payment(1))
        _ = try scene.take(scene.payment(2))
        for order in [first, scene.enter(1, for: LotScene.carol), scene.enter(4, for: .bob)] {
            try scene.place.send(order)
        }
        try scene.observe()
        return scene
    }

    /// Both books in every phase.
    private static func scenes() throws -> [LotScene] {
        var unread = try LotScene()
        unread.alice = try LotPayer(unread.terms, secret: LotScene.secret, in: LotScene.domain)
        unread.bob = try LotPayee(unread.terms, payee: Person.bob.address, in: LotScene.domain)
        let full = try LotScene.full()
        var revealed = full
        try revealed.carryOut([.reveal(LotScene.secret)])
        var drawn = revealed
        drawn.place.wait(until: drawn.place.deciding)
        try drawn.carryOut([.draw])
        var told = drawn
        try told.tellBob()
        return try [unread, LotScene(isFunded: false), LotScene(), scene(), full, revealed, drawn, told]
    }

    @Test func `say all that must outlive a restart`() throws {
        for scene in try Self.scenes() {
            #expect(try LotPayer(stored: scene.alice.stored) == scene.alice)
            #expect(try LotPayee(stored: scene.bob.stored) == scene.bob)
        }
        let scene = try Self.scene()
        #expect(scene.bob.held.map(\.fate) == [.entered, .worthless, .offered, .entered])
        #expect(scene.bob.held.map { $0.signature == nil } == [false, false, false, true])
        #expect(scene.alice.tickets.map(\.index) == [0, 1, 4], "nobody knows whose 2 and 3 are")
    }

    /// Version 1 must be readable for ever.
    ///
    /// When this fails, the layout has changed: raise the version instead. The records were made by another program.
    @Test func `never change their layout`() throws {
        let scene = try Self.scene()
        #expect(Hex.encode(scene.alice.stored) == Self.payer)
        #expect(try LotPayer(stored: try #require(Hex.decode(Self.payer))) == scene.alice)
        #expect(Hex.encode(scene.bob.stored) == Self.payee)
        #expect(try LotPayee(stored: try #require(Hex.decode(Self.payee))) == scene.bob)
    }

    // MARK: - Damage

    @Test func `are refused when they were cut short anywhere, or when bytes are left over`() throws {
        for scene in try Self.scenes() {
            let (payer, payee) = (scene.alice.stored, scene.bob.stored)
            for count in payer.indices { refusePayer(Array(payer[..<count])) }
            for count in payee.indices { refusePayee(Array(payee[..<count])) }
            refusePayer(payer + [0])
            refusePayee(payee + [0])
        }
    }

    @Test func `are refused when a later version wrote them, or no version at all`() throws {
        let scene = try Self.scene()
        refusePayer([2] + scene.alice.stored.dropFirst(), .newer(version: 2))
        refusePayee([2] + scene.bob.stored.dropFirst(), .newer(version: 2))
        refusePayer([0] + scene.alice.stored.dropFirst())
        refusePayee([0] + scene.bob.stored.dropFirst())
    }

    /// Behind the version: the id, 32 bytes, and the terms, 140.
    private static let head = 1 + 32 + 140

    @Test func `are refused when no payer's books can have come to say so`() throws {
        let bytes = try Self.scene().alice.stored
        // The tag, the secret, how many tickets, and behind those the stand.
        let (count, stand) = (Self.head + 64, Self.head + 64 + 4 + 5 * 20)
        refusePayer(changed(bytes, Self.head, bytes[Self.head] ^ 1))
        refusePayer(changed(bytes, Self.head + 32, bytes[Self.head + 32] ^ 1))
        refusePayer(changed(bytes, count + 3, 7))
        #expect(bytes[stand] == 1 && bytes[stand + 1] == 1 && bytes[stand + 5] == 3 && bytes[stand + 6] == 0)
        // More tickets in than there are, all in while it is open, no phase, tickets before a deposit; then revealed.
        for (place, byte) in [(stand, 2), (stand + 5, 7), (stand + 5, 6), (stand + 1, 4), (stand + 1, 0)] {
            refusePayer(changed(bytes, place, UInt8(byte)))
        }
        for byte in [1, 2] as [UInt8] { refusePayer(changed(bytes, stand + 6, byte)) }
        // Tickets that were given out before anybody had read the contract.
        refusePayer(Array(bytes[..<stand]) + [0])
    }

    @Test func `are refused when no payee's books can have come to say so`() throws {
        let bytes = try Self.scene().bob.stored
        let tickets = Self.head + 20 + 4
        let (second, third, last) = (tickets + 71, tickets + 142, tickets + 213)
        // A ticket: index 4, fate 1, and a signature of 65 behind a byte that says whether there is one.
        #expect(bytes[tickets + 3] == 0 && bytes[second + 4] == 2 && bytes[third + 3] == 2 && bytes[last + 3] == 4)
        refusePayee(changed(bytes, tickets - 1, 7))
        refusePayee(changed(bytes, tickets + 3, 6))
        refusePayee(changed(bytes, second + 3, 0))
        refusePayee(changed(bytes, second + 4, 3))
        // Without a signature nothing can be entered; more of our tickets in than are in at all.
        refusePayee(changed(bytes, last + 4, 0))
        let stand = last + 6
        #expect(bytes[stand] == 1 && bytes[stand + 1] == 1 && bytes[stand + 5] == 3)
        refusePayee(changed(bytes, stand + 5, 1))
        // Paid before the end, by ourselves, and tickets before anybody had read the contract.
        refusePayee(Array(bytes.dropLast()) + [1] + units(20).bytes)
        let payer = Array(bytes[33..<53])
        refusePayee(Array(bytes[..<Self.head]) + payer + Array(bytes[(Self.head + 20)...]))
        refusePayee(Array(bytes[..<stand]) + [0, 0])
    }

    @Test func `are refused when they say that a lot paid what it cannot`() throws {
        var scene = try LotScene.full()
        scene.place.wait(until: scene.place.deciding)
        try scene.carryOut([.share])
        try scene.tellBob()
        let bytes = scene.bob.stored
        #expect(bytes.last == 20)
        for byte in [0, 10, 40] as [UInt8] { refusePayee(changed(bytes, bytes.count - 1, byte)) }
    }

    private func changed(_ bytes: [UInt8], _ place: Int, _ byte: UInt8) -> [UInt8] {
        var bytes = bytes
        bytes[place] = byte
        return bytes
    }

    private func refusePayer(
        _ bytes: [UInt8], _ error: StoredFormError = .damaged, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) { try LotPayer(stored: bytes) }
    }

    private func refusePayee(
        _ bytes: [UInt8], _ error: StoredFormError = .damaged, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) { try LotPayee(stored: bytes) }
    }

    private static let payer =
        "0x"
        + "0159b3e31cb7e0651426b37ced5097779db12ccc49d2ed5308bad7c9bbb4f2d61cf035c823e606e365cfd9f9649e9701"
        + "4926c88e4ff3d1c1d24bc8d5f3c629eaa07a31e68c98604428000000060000000000000000000000000000000abd4e16"
        + "8a57ab08db72b4a38d7a7dd2c033d17443933c3cd63ad5eea187e8d870000000006b4b23800000000000000014a05e33"
        + "4153147e75f3f416139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b70ddb4581136b4c3be4ce1d13a28927007109638"
        + "2cb18ee0177e2e9aa329b1baccf79d9852582e21548f3e3452da234f771915913d4c186371f12e83bdbe11a2eb000000"
        + "0504f8be886f4c65732e8cb48d2ea910a4ec40a8faeff7587d35dc3bfc2d766fd05faf6fd3c3de689600000000000000"
        + "00000000000000000000000000000000000000000000000000000000000000000004f8be886f4c65732e8cb48d2ea910"
        + "a4ec40a8fa010100000003000000000000000067000000006b49d200"
    private static let payee =
        "0x"
        + "0159b3e31cb7e0651426b37ced5097779db12ccc49d2ed5308bad7c9bbb4f2d61cf035c823e606e365cfd9f9649e9701"
        + "4926c88e4ff3d1c1d24bc8d5f3c629eaa07a31e68c98604428000000060000000000000000000000000000000abd4e16"
        + "8a57ab08db72b4a38d7a7dd2c033d17443933c3cd63ad5eea187e8d870000000006b4b23800000000000000014a05e33"
        + "4153147e75f3f416139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b7004f8be886f4c65732e8cb48d2ea910a4ec40a8"
        + "fa000000040000000001018e9fe0b37cf944490183d1b926e699c3956f61bc8487f453e68227c8cb55bcc51950f9c6de"
        + "2fe4b38348c89e0cc2649deaa0f738badaeb18a765c0d88cf759ea1b000000010201cddc3a5470acaa3d26f9f90f619c"
        + "5cc93d7bedf5b0ccad36fda43bf7c9753ecd672e97b3fbd4b72d4d62654ff7caf36e66e6f33d7b6fe3c3fc37d5cb4ea4"
        + "dec51c0000000200010de004dcdb0f5a4f930b3a8a264e997ea6fdf2ec2c3ff2e2f4654d3268efd8747074f645c88ab7"
        + "1f60d4e8ed0028ecad3d9273a464c358b762e543c117850d441b00000004010001010000000300000000000000006700"
        + "0000006b49d20000"
}

extension Amount {
    /// Sixteen bytes, big-endian.
    fileprivate var bytes: [UInt8] { (0..<16).map { UInt8(truncatingIfNeeded: units >> (120 - 8 * UInt128($0))) } }
}
