// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
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
}
