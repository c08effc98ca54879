// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("The stored form of a hash-chain contract")
struct HashChainStoredFormTests {
    let stage = HashChainStage()

    /// Version 1 must be readable for ever.
    ///
    /// When this fails, the layout has changed: raise the version instead.
    private static let record =
        "0x"
        + "01f035c823e606e365cfd9f9649e97014926c88e4f04f8be886f4c65732e8cb48d2ea910a4ec40a8fa04f8be886f4c65"
        + "732e8cb48d2ea910a4ec40a8faf3d1c1d24bc8d5f3c629eaa07a31e68c986044282fe19c0f34fab50f7bf068d9112ef7"
        + "a0b61f25cef77d29ef6c38a8b159d6476a0000000a00000000000000000000000000000003000000006b4b2380a05e33"
        + "4153147e75f3f416139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b700100000004c43db4176e2aff145dfd7cbf8da0"
        + "f7ae93d7d6a8a72a61c78e98032671c6786e"

    private func redeemed() throws -> PlayedContract<HashChainContract> {
        var contract = try stage.opened()
        try contract.send(.redeem(stage.step(4)))
        return contract
    }

    @Test func `never changes its layout`() throws {
        let state = try redeemed().state
        #expect(Hex.encode(state.stored) == Self.record)
        #expect(try HashChainContract(stored: try #require(Hex.decode(Self.record))) == state)
    }

    @Test func `comes back in every phase`() throws {
        let unfunded = HashChainContract(stage.terms)
        #expect(try HashChainContract(stored: unfunded.stored) == unfunded)
        var contract = try redeemed()
        try contract.send(stage.close(6))
        let closed = try HashChainContract(stored: contract.state.stored)
        #expect(closed == contract.state)
        #expect(closed.redeemed.index == 6 && closed.locked == .zero)
    }

    @Test func `is refused when it is cut short, goes on, or is of another version`() throws {
        let bytes = try redeemed().state.stored
        for count in 0..<bytes.count {
            #expect(throws: StoredFormError.damaged) { try HashChainContract(stored: Array(bytes[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try HashChainContract(stored: bytes + [0]) }
        #expect(throws: StoredFormError.damaged) { try HashChainContract(stored: [0] + bytes.dropFirst()) }
        #expect(throws: StoredFormError.newer(version: 2)) {
            try HashChainContract(stored: [2] + bytes.dropFirst())
        }
    }
}
