// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("The stored form of a balance-proof contract")
struct BalanceProofContractStoredTests {
    /// The first version's terms: version, sender, receiver, token, challenge period, salt.
    static let terms = [
        "01", "f035c823e606e365cfd9f9649e97014926c88e4f", "04f8be886f4c65732e8cb48d2ea910a4ec40a8fa",
        "f3d1c1d24bc8d5f3c629eaa07a31e68c98604428", "00000000000001f4",
        "a05e334153147e75f3f416139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b70",
    ]
    /// What stands behind the terms in each phase: deposit, what was paid, phase.
    static let records: [String: [String]] = [
        "unfunded": ["00000000000000000000000000000000", "00000000000000000000000000000000", "00"],
        "open": ["00000000000000000000000000000064", "00000000000000000000000000000014", "01"],
        "closing": [
            "00000000000000000000000000000064", "00000000000000000000000000000014", "02",
            "0000000000000000000000000000001e", "000000000000025a",
        ],
        "closed": ["00000000000000000000000000000064", "00000000000000000000000000000028", "03"],
    ]

    /// One contract in each phase.
    static func contracts() throws -> [String: BalanceProofContract] {
        let stage = BalanceProofStage()
        var open = try stage.opened()
        try open.send(stage.withdraw(20))
        var closing = open
        try closing.send(stage.requestClose(30))
        var closed = closing
        try closed.send(stage.closeTogether(40))
        return [
            "unfunded": stage.unfunded().state, "open": open.state, "closing": closing.state, "closed": closed.state,
        ]
    }

    @Test func `is read by every later version`() throws {
        let contracts = try Self.contracts()
        #expect(Set(contracts.keys) == Set(Self.records.keys))
        for (name, record) in Self.records {
            let bytes = try #require(Hex.decode("0x" + (Self.terms + record).joined()))
            #expect(contracts[name]?.stored == bytes, "\(name)")
            #expect(try BalanceProofContract(stored: bytes) == contracts[name], "\(name)")
        }
    }

    @Test func `says until when the period goes, where blocks take a time`() throws {
        let stage = BalanceProofStage()
        var contract = try stage.opened()
        contract.blockSeconds = 1
        try contract.send(stage.withdraw(20))
        try contract.send(stage.requestClose(30))
        var record = try #require(Self.records["closing"])
        record[2] = "04"
        let time = String(noon.advanced(bySeconds: 500).unixSeconds, radix: 16)
        record.append(String(repeating: "0", count: 16 - time.count) + time)
        let bytes = try #require(Hex.decode("0x" + (Self.terms + record).joined()))
        #expect(contract.state.stored == bytes)
        #expect(try BalanceProofContract(stored: bytes) == contract.state)
        for length in bytes.indices {
            #expect(throws: StoredFormError.damaged) { try BalanceProofContract(stored: Array(bytes[..<length])) }
        }
        #expect(throws: StoredFormError.damaged) { try BalanceProofContract(stored: bytes + [0]) }
        // One that was asked for before that was kept: its period goes by blocks alone.
        let old = try #require(Hex.decode("0x" + (Self.terms + (Self.records["closing"] ?? [])).joined()))
        #expect(try BalanceProofContract(stored: old).settleTime == nil)
    }

    @Test func `is refused when it is cut short, goes on, or is newer`() throws {
        for contract in try Self.contracts().values {
            let bytes = contract.stored
            for length in bytes.indices {
                #expect(throws: StoredFormError.damaged) { try BalanceProofContract(stored: Array(bytes[..<length])) }
            }
            #expect(throws: StoredFormError.damaged) { try BalanceProofContract(stored: bytes + [0]) }
            #expect(throws: StoredFormError.damaged) { try BalanceProofContract(stored: [0] + bytes.dropFirst()) }
            #expect(throws: StoredFormError.newer(version: 2)) {
                try BalanceProofContract(stored: [2] + bytes.dropFirst())
            }
        }
    }

    @Test func `is refused when the rules could not have led there`() throws {
        let contracts = try Self.contracts()
        // Offsets of last bytes; the terms take the first 101 bytes.
        let (challenge, deposit, withdrawn, phase, balance) = (68, 116, 132, 133, 149)
        for (name, changes) in [
            ("unfunded", [phase: 1]), ("unfunded", [deposit: 1]), ("unfunded", [withdrawn: 1]),
            ("open", [phase: 0]), ("open", [phase: 4]), ("open", [deposit: 19]), ("open", [challenge: 0]),
            ("closing", [balance: 19]), ("closing", [balance: 101]), ("closing", [deposit: 29]),
            ("closed", [withdrawn: 101]), ("closed", [deposit: 0, withdrawn: 0]),
        ] as [(String, [Int: UInt8])] {
            var bytes = try #require(contracts[name]).stored
            for (offset, byte) in changes { bytes[offset] = byte }
            #expect(throws: StoredFormError.damaged, "\(name), \(changes)") {
                try BalanceProofContract(stored: bytes)
            }
        }
    }

    @Test func `is refused, or says what it reads, when any byte of it is another`() throws {
        for contract in try Self.contracts().values {
            for offset in contract.stored.indices {
                var bytes = contract.stored
                bytes[offset] ^= 1 << UInt8(offset % 8)
                guard let read = try? BalanceProofContract(stored: bytes) else { continue }
                #expect(read.stored == bytes)
            }
        }
    }
}
