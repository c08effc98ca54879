// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("The stored form of a lottery contract")
struct LotteryStoredFormTests {
    /// A channel in every phase.
    private static func contracts() throws -> [LotteryContract] {
        let stage = LotteryStage()
        var used = try stage.opened(seats: [.bob, .carol])
        try used.send(stage.redeem(stage.ticket(3, faceValue: 104)))
        var closed = used
        closed.wait(seconds: 86_400)
        try closed.send(.reclaim)
        return [LotteryContract(stage.terms), try stage.opened().state, used.state, closed.state]
    }

    @Test func `brings back a channel in every phase`() throws {
        for contract in try Self.contracts() {
            #expect(try LotteryContract(stored: contract.stored) == contract)
        }
    }

    /// Version 1 must be readable for ever.
    ///
    /// When this fails, the layout has changed: raise the version instead.
    @Test func `never changes its layout`() throws {
        let record =
            "0x01f035c823e606e365cfd9f9649e97014926c88e4ff3d1c1d24bc8d5f3c629eaa07a31e68c98604428000000000000"
            + "000000000000000000640000000000000000000000000000002800000004000000006b4b2380a05e334153147e75f3f4"
            + "16139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b7001000000000000000000000000000000000000000204f8be886f"
            + "4c65732e8cb48d2ea910a4ec40a8fa4bd7626c31f535455e94a34bfa4517218ec395d900000000000000000000000000"
            + "000006000000000000000300000000000000000000000000000068eff7587d35dc3bfc2d766fd05faf6fd3c3de68964b"
            + "d7626c31f535455e94a34bfa4517218ec395d90000000000000000000000000000000a00000000000000000000000000"
            + "0000000000000000000000"
        let used = try Self.contracts()[2]
        #expect(Hex.encode(used.stored) == record)
        #expect(try LotteryContract(stored: try #require(Hex.decode(record))) == used)
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

    @Test func `is refused when no channel can have come to stand so`() throws {
        let bytes = try Self.contracts()[2].stored
        // Behind version and terms: the phase, the deposit, how many seats, and the seats of 80 bytes each.
        let (phase, count, seats) = (117, 134, 138)
        #expect(bytes[phase] == 1 && bytes[count + 3] == 2 && bytes.count == seats + 160)
        let changed = { (place: Int, byte: UInt8) in
            var bytes = bytes
            bytes[place] = byte
            return bytes
        }
        for other in [0, 2, 3, 255] as [UInt8] { refuse(changed(phase, other), .damaged) }
        for other in [0, 1, 3, 255] as [UInt8] { refuse(changed(count + 3, other), .damaged) }
        // Terms that nobody could fund, more in a seat than its share, and a sum that no amount holds.
        refuse(changed(76, 1), .damaged)
        refuse(changed(seats + 55, 11), .damaged)
        // A ticket that was paid nothing, and a payment for none.
        refuse(changed(seats + 79, 0), .damaged)
        refuse(changed(seats + 159, 1), .damaged)
        let full = bytes[..<(phase + 1)] + [UInt8](repeating: 255, count: 16) + bytes[count...]
        refuse(Array(full), .damaged)
        // The same seats in another order, or one of them twice.
        let (first, second) = (bytes[seats..<(seats + 80)], bytes[(seats + 80)...])
        refuse(Array(bytes[..<seats] + second + first), .damaged)
        refuse(Array(bytes[..<seats] + first + first), .damaged)
    }

    @Test func `may be mutated in any way without bringing down the reader or the channel`() throws {
        let originals = try Self.contracts().map(\.stored)
        let stage = LotteryStage()
        for seed in UInt64(0)..<2_000 {
            var random = SeededGenerator(seed: seed)
            let bytes = Mutation.of(try #require(originals.randomElement(using: &random)), using: &random)
            guard var contract = try? LotteryContract(stored: bytes) else { continue }
            let context = try stage.opened().context
            _ = try? contract.fund(.max, by: Person.alice.address, in: context)
            for order in [stage.seat(.mallory), stage.redeem(stage.ticket(9)), .reclaim] {
                _ = try? contract.carryOut(order, in: context)
            }
            #expect(try LotteryContract(stored: contract.stored) == contract, "seed \(seed)")
        }
    }

    private func refuse(
        _ bytes: [UInt8], _ error: StoredFormError, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) { try LotteryContract(stored: bytes) }
    }
}
