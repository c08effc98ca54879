// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@testable import FarthingWallet

@Suite("A token pattern")
struct TokenPatternTests {
    private static let usdc = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"

    @Test func `is one token of one network, or an address on all of them`() throws {
        let exact = try #require(TokenPattern("eip155:8453/\(Self.usdc)"))
        let bare = try #require(TokenPattern(Self.usdc.lowercased()))
        #expect(exact.matches(PolicyFixture.usdc, on: PolicyFixture.base))
        #expect(!exact.matches(PolicyFixture.usdc, on: PolicyFixture.mainnet))
        #expect(bare.matches(PolicyFixture.usdc, on: PolicyFixture.mainnet))
        #expect(!bare.matches(PolicyFixture.dai, on: PolicyFixture.mainnet))
        #expect(exact.description == "eip155:8453/\(Self.usdc)")
        #expect(bare.description == Self.usdc)
    }

    @Test(arguments: [
        "", "/", "USDC", "eip155:8453", "eip155/\(usdc)", "eip155:8453/", "/\(usdc)", "eip155:8453/\(usdc)/1",
        "0x833589FCD6eDb6E08f4c7C32D4f71b54bdA02913", "eip155:8453/erc20:\(usdc)",
    ])
    func `refuses to be anything else, a wrong checksum among it`(text: String) {
        #expect(TokenPattern(text) == nil)
    }

    @Test func `six dollars are known`() {
        #expect(KnownDollars.all.count == 6)
        #expect(KnownDollars.all.allSatisfy { $0.network?.evmChainID != nil })
    }
}
