// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("The stored form of a Merkle-token contract")
struct MerkleTokenStoredFormTests {
    let stage = MerkleTokenStage()

    /// Version 1 must be readable for ever.
    ///
    /// When this fails, the layout has changed: raise the version instead.
    private static let record =
        "0x01" + "f035c823e606e365cfd9f9649e97014926c88e4f" + "f3d1c1d24bc8d5f3c629eaa07a31e68c98604428"
        + "b1772d1e58b2574a949e7c1688080c8a1209035103ed3e33a7b0e738c9f07668"
        + "0000000b" + "00000000000000000000000000000005" + "000000006b4b2380"
        + "a05e334153147e75f3f416139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b70"
        + "01" + "0000000000000000000000000000000c"
        + "00000001" + "00000000" + "0000000000000000000000000000000000000000000000000000000000000212"

    private func redeemed() throws -> PlayedContract<MerkleTokenContract> {
        var contract = try stage.opened()
        try contract.send(stage.redeem(1, 4, 9))
        return contract
    }

    @Test func `never changes its layout`() throws {
        let state = try redeemed().state
        #expect(Hex.encode(state.stored) == Self.record)
        #expect(try MerkleTokenContract(stored: try #require(Hex.decode(Self.record))) == state)
    }

    @Test func `comes back in every phase`() throws {
        let unfunded = MerkleTokenContract(stage.terms)
        #expect(try MerkleTokenContract(stored: unfunded.stored) == unfunded)
        var contract = try redeemed()
        contract.wait(seconds: 86_400)
        try contract.send(.reclaim)
        let closed = try MerkleTokenContract(stored: contract.state.stored)
        #expect(closed == contract.state)
        #expect(closed.redeemed == units(12) && closed.locked == .zero)
        // Terms on which nothing can be deposited are kept as they are, too.
        var terms = stage.terms
        terms.tokenCount = 0
        #expect(try MerkleTokenContract(stored: MerkleTokenContract(terms).stored).terms == terms)
    }

    @Test func `is refused when it is cut short, goes on, or is of another version`() throws {
        let bytes = try redeemed().state.stored
        for count in 0..<bytes.count {
            #expect(throws: StoredFormError.damaged) { try MerkleTokenContract(stored: Array(bytes[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try MerkleTokenContract(stored: bytes + [0]) }
        #expect(throws: StoredFormError.damaged) { try MerkleTokenContract(stored: [0] + bytes.dropFirst()) }
        #expect(throws: StoredFormError.newer(version: 2)) {
            try MerkleTokenContract(stored: [2] + bytes.dropFirst())
        }
    }

    @Test(
        arguments: [
            ("a phase that there is not", 133, [3]),
            ("spent tokens before the deposit", 133, [0]),
            ("no tokens in an open channel", 73, [0, 0, 0, 0]),
            ("more tokens than a tree may have", 73, [0xff, 0xff, 0xff, 0xff]),
            ("fewer tokens than are spent", 73, [0, 0, 0, 9]),
            ("worthless tokens", 77, [UInt8](repeating: 0, count: 16)),
            ("tokens worth too much together", 77, [0xff]),
            ("less paid than a unit for each", 149, [2]),
            ("more paid than each may be worth", 149, [16]),
            ("far more paid", 134, [0xff]),
            ("a token beyond the last", 188, [0x0a]),
            ("one spent token less than was paid for at most", 189, [0]),
        ] as [(String, Int, [UInt8])])
    func `is refused when it says what cannot be`(what: String, offset: Int, planted: [UInt8]) throws {
        var bytes = try redeemed().state.stored
        bytes.replaceSubrange(offset..<offset + planted.count, with: planted)
        #expect(throws: StoredFormError.damaged, "\(what)") { try MerkleTokenContract(stored: bytes) }
    }
}
