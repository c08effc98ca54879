// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("The contracts for Stacks")
struct DeploymentTests {
    @Test("They parse", arguments: ContractSources.names)
    func parse(name: String) throws {
        _ = try Parser.parse(try ContractSources.source(name))
    }
}
