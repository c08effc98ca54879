// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("The contracts for Stacks")
struct DeploymentTests {
    @Test("They deploy as Clarity 4, on both networks", arguments: [StacksNetwork.testnet, .mainnet])
    func deploy(network: StacksNetwork) throws {
        let stage = try Stage(deploying: Array(ContractSources.names.dropFirst()), on: network)
        for name in ContractSources.names {
            #expect(stage.simnet.analysis(of: try stage.identifier(name)) != nil)
        }
    }

    /// - Source: SIP-018, "Hello World" in the domain "Test App".
    @Test("What people sign here is hashed as SIP-018 has it")
    func structuredData() {
        let digest = SignedMessage.digest(of: .text("Hello World"), in: "Test App", chain: 1, version: "1.0.0")
        #expect(digest.hex == "0x1bfdab6d4158313ce34073fbb8d6b0fc32c154d439def12247a0f44bb2225259")
    }
}
