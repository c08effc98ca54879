// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("A network's name")
struct NetworkTests {
    /// - Source: CAIP-2, "Test Cases".
    @Test(arguments: [
        "eip155:1", "bip122:000000000019d6689c085ae165831e93", "bip122:12a765e31ffd4059bada1e25190f6e98",
        "cosmos:cosmoshub-2", "cosmos:Binance-Chain-Tigris", "starknet:SN_GOERLI", "lip9:9ee11e9df416b18b",
        "chainstd:8c3444cf8970a9e41a706fab93e7a6c4", "eip155:8453", "stacks:2147483648", "a-1:_",
        "chainstd:8c3444cf8970a9e41a706fab93e7a6c-",
    ])
    func `is read and written back`(text: String) throws {
        #expect(try #require(Network(text)).description == text)
    }

    @Test(arguments: [
        "", ":", "eip155", "eip155:", ":1", "ei:1", "toolongname:1", "EIP155:1", "eip155:1:2", "eip155: 1", "eip155:1 ",
        "eip_155:1", "eip155:é", "éé:1", "eip155:[", "eip155:@", "eip155:`", "eip155:{", "eip155:/",
        "eip155:123456789012345678901234567890123",
    ])
    func `is refused when CAIP-2 does not allow it`(text: String) {
        #expect(Network(text) == nil)
    }

    @Test func `has a chain id when it is an EVM chain`() {
        #expect(Network("eip155:8453")?.evmChainID == 8_453)
        #expect(Network(evm: 84_532) == Network("eip155:84532"))
        #expect(Network(evm: .max).evmChainID == .max)
        #expect(Network("eip155:18446744073709551616")?.evmChainID == nil)
        #expect(Network("eip155:01")?.evmChainID == nil)
        #expect(Network("eip155:-1")?.evmChainID == nil)
        #expect(Network("eip155:mainnet")?.evmChainID == nil)
        #expect(Network("stacks:1")?.evmChainID == nil)
    }
}
