// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("The stored form of a lot's contract")
struct LotStoredFormTests {
    /// A lot in every phase, with and without all that may be missing.
    private static func contracts() throws -> [LotContract] {
        let stage = LotStage()
        let full = try stage.full()
        var revealed = full
        try revealed.send(stage.reveal)
        var drawn = revealed
        drawn.wait(until: drawn.deciding + 1)
        try drawn.send(.draw)
        return [
            LotContract(stage.terms), try stage.opened(for: [.bob]).state, full.state, revealed.state, drawn.state,
        ]
    }

    @Test func `brings back a lot in every phase`() throws {
        for contract in try Self.contracts() {
            #expect(try LotContract(stored: contract.stored) == contract)
        }
    }

    /// Version 1 must be readable for ever.
    ///
    /// When this fails, the layout has changed: raise the version instead.
    @Test func `never changes its layout`() throws {
        let record =
            "0x01f035c823e606e365cfd9f9649e97014926c88e4ff3d1c1d24bc8d5f3c629eaa07a31e68c98604428000000040000"
            + "000000000000000000000000000a6bf72fbf3280b0471381e47fdaaaf2bb1199d66a89e3f74570c050303eb8c9a20000"
            + "00006b4b23800000000000000014a05e334153147e75f3f416139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b700200"
            + "0000000000007d000000040000000004f8be886f4c65732e8cb48d2ea910a4ec40a8fa00000001eff7587d35dc3bfc2d"
            + "766fd05faf6fd3c3de68960000000204f8be886f4c65732e8cb48d2ea910a4ec40a8fa00000003ddb8b54f981a5dcaf9"
            + "021fd1979e29e46cdd4747013e5987957d4f2da89587269ad416ffbe7ab6d28ee0e20dfd179ffc9052cab3b0"
        let revealed = try Self.contracts()[3]
        #expect(Hex.encode(revealed.stored) == record)
        #expect(try LotContract(stored: try #require(Hex.decode(record))) == revealed)
    }

    // MARK: - Damage

    @Test func `is refused when it was cut short anywhere, or when bytes are left over`() throws {
        for bytes in try Self.contracts().map(\.stored) {
            for count in bytes.indices { refuse(Array(bytes.prefix(count)), .damaged) }
            refuse(bytes + [0], .damaged)
        }
    }

    @Test func `is refused when a later version wrote it, or no version at all`() throws {
        for bytes in try Self.contracts().map(\.stored) {
            for version in [2, 255] as [UInt8] { refuse([version] + bytes.dropFirst(), .newer(version: version)) }
            refuse([0] + bytes.dropFirst(), .damaged)
        }
    }

    @Test func `is refused when no lot can have come to stand so`() throws {
        let lots = try Self.contracts()
        let (open, revealed) = (lots[1].stored, lots[3].stored)
        // Behind version and terms: the phase, for one that is drawn the block, how many tickets, and the tickets.
        let phase = 141
        #expect(open[phase] == 1 && revealed[phase] == 2)
        let changed = { (bytes: [UInt8], place: Int, byte: UInt8) in
            var bytes = bytes
            bytes[place] = byte
            return bytes
        }
        for other in [0, 2, 4, 255] as [UInt8] { refuse(changed(open, phase, other), .damaged) }
        // More tickets than there are, one beyond the end, terms that nobody could fund, half a secret.
        let tickets = phase + 5
        refuse(changed(open, phase + 4, 5), .damaged)
        refuse(changed(open, tickets + 3, 4), .damaged)
        refuse(changed(open, 44, 0), .damaged)
        refuse(changed(open, open.count - 1, 1), .damaged)
        // The same ticket twice, all tickets in a lot that is open, and none in one that is drawn.
        let drawn = phase + 13
        refuse(changed(revealed, drawn + 24 + 3, 0), .damaged)
        refuse(Array(revealed[..<phase] + [1] + revealed[(phase + 9)...]), .damaged)
        refuse(Array(revealed[..<(drawn - 1)] + [0, 0]), .damaged)
    }

    @Test func `may be mutated in any way without bringing down the reader or the lot`() throws {
        let originals = try Self.contracts().map(\.stored)
        let stage = LotStage()
        let context = try stage.opened().context
        for seed in UInt64(0)..<2_000 {
            var random = SeededGenerator(seed: seed)
            let bytes = Mutation.of(try #require(originals.randomElement(using: &random)), using: &random)
            guard var contract = try? LotContract(stored: bytes) else { continue }
            _ = try? contract.fund(units(40), by: Person.alice.address, in: context)
            for order in [stage.enter(1, .carol), .close, stage.reveal, .draw, .share] {
                _ = try? contract.carryOut(order, in: context)
            }
            #expect(try LotContract(stored: contract.stored) == contract, "seed \(seed)")
        }
    }

    private func refuse(
        _ bytes: [UInt8], _ error: StoredFormError, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) { try LotContract(stored: bytes) }
    }
}
