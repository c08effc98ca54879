// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("The stored form of a two-way contract")
struct TwoWayContractStoredTests {
    /// The first version's terms: version, first, second, token, both deposits, challenge period, salt.
    static let terms = [
        "01", "f035c823e606e365cfd9f9649e97014926c88e4f", "04f8be886f4c65732e8cb48d2ea910a4ec40a8fa",
        "f3d1c1d24bc8d5f3c629eaa07a31e68c98604428", "00000000000000000000000000000064",
        "00000000000000000000000000000032", "0000000000000e10",
        "a05e334153147e75f3f416139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b70",
    ]
    static let untouched = [
        "0000000000000000", "00000000000000000000000000000064", "00000000000000000000000000000032", zero, zero,
    ]
    static let resized = [
        "0000000000000003", "00000000000000000000000000000014", "0000000000000000000000000000005a",
    ]
    static let surpluses = ["00000000000000000000000000000005", "00000000000000000000000000000006"]
    static let zero = "00000000000000000000000000000000"
    /// What stands behind the terms in each phase: base, surpluses, phase.
    static let records: [String: [String]] = [
        "unfunded": untouched + ["00", "00"],
        "half": untouched + ["00", "0101"],
        "cancelled": untouched + ["03", "00"],
        "open": resized + surpluses + ["01"],
        "closing": resized + surpluses + [
            "02", "0000000000000009", "00000000000000000000000000000064", "0000000000000000000000000000000a",
            "000000006b49e010",
        ],
        "closed": resized + [
            zero, zero, "03", "01", "0000000000000009", "00000000000000000000000000000001",
            "0000000000000000000000000000006d",
        ],
    ]

    /// One contract in each phase.
    static func contracts() throws -> [String: TwoWayContract] {
        let stage = TwoWayStage()
        let unfunded = stage.unfunded()
        var half = unfunded
        try half.fund(50, by: .bob)
        var cancelled = half
        try cancelled.send(stage.cancel(by: .bob))
        var open = try stage.opened()
        try open.send(stage.resize(3, 20, 90, out: (30, 10)))
        try open.fund(5, by: .alice)
        try open.fund(6, by: .bob)
        var closing = open
        try closing.send(stage.startClose(stage.signed(9, 100, 10)))
        var closed = closing
        try closed.send(stage.closeTogether(9, 1, 109))
        return [
            "unfunded": unfunded.state, "half": half.state, "cancelled": cancelled.state, "open": open.state,
            "closing": closing.state, "closed": closed.state,
        ]
    }

    @Test func `is read by every later version`() throws {
        let contracts = try Self.contracts()
        #expect(Set(contracts.keys) == Set(Self.records.keys))
        for (name, record) in Self.records {
            let bytes = try #require(Hex.decode("0x" + (Self.terms + record).joined()))
            #expect(contracts[name]?.stored == bytes, "\(name)")
            #expect(try TwoWayContract(stored: bytes) == contracts[name], "\(name)")
        }
    }

    @Test func `is refused when it is cut short, goes on, or is newer`() throws {
        for contract in try Self.contracts().values {
            let bytes = contract.stored
            for length in bytes.indices {
                #expect(throws: StoredFormError.damaged) { try TwoWayContract(stored: Array(bytes[..<length])) }
            }
            #expect(throws: StoredFormError.damaged) { try TwoWayContract(stored: bytes + [0]) }
            #expect(throws: StoredFormError.newer(version: 2)) { try TwoWayContract(stored: [2] + bytes.dropFirst()) }
            #expect(throws: StoredFormError.damaged) { try TwoWayContract(stored: [0] + bytes.dropFirst()) }
        }
    }

    @Test func `is refused when the rules could not have led there`() throws {
        let contracts = try Self.contracts()
        // Offsets of last bytes; the terms take the first 133 bytes.
        let (challenge, nonce, first, second, surplus, phase) = (100, 140, 156, 172, 204, 205)
        for (name, changes) in [
            ("unfunded", [phase: 1]), ("unfunded", [surplus: 1]), ("unfunded", [nonce: 1]),
            ("unfunded", [phase + 1: 2]),
            ("half", [phase + 1: 2]), ("half", [phase + 2: 2]), ("half", [surplus: 1]), ("half", [first: 1]),
            ("cancelled", [surplus: 1]), ("cancelled", [phase + 1: 2]), ("cancelled", [first: 1]),
            ("open", [phase: 0]), ("open", [phase: 4]), ("open", [nonce: 0]), ("open", [challenge - 7: 0xff]),
            ("open", [first - 15: 0xff, second - 15: 1]), ("open", [first - 15: 0xff, surplus - 15: 1]),
            // A state in which less is than in the channel, or that is older than the base.
            ("closing", [phase + 24: 1]), ("closing", [phase + 8: 3]), ("closing", [phase + 8: 2]),
            ("closed", [phase + 25: 0]), ("closed", [phase + 9: 2]), ("closed", [surplus: 1]),
        ] as [(String, [Int: UInt8])] {
            var bytes = try #require(contracts[name]).stored
            for (offset, byte) in changes { bytes[offset] = byte }
            #expect(throws: StoredFormError.damaged, "\(name), \(changes)") { try TwoWayContract(stored: bytes) }
        }
    }

    @Test func `is refused, or says what it reads, when any byte of it is another`() throws {
        for contract in try Self.contracts().values {
            for offset in contract.stored.indices {
                var bytes = contract.stored
                bytes[offset] ^= 1 << UInt8(offset % 8)
                guard let read = try? TwoWayContract(stored: bytes) else { continue }
                #expect(read.stored == bytes)
            }
        }
    }
}
