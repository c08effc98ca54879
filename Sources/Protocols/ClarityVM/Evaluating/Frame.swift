// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// What one call of a function sees.
struct Frame {
    let contract: CompiledContract
    /// Who signed, or the contract that acts for itself.
    var sender: Principal
    /// Who called this contract.
    var caller: Principal
    var slots: [ClarityValue]

    init(
        contract: CompiledContract, sender: Principal, caller: Principal, slotCount: Int, arguments: [ClarityValue] = []
    ) {
        self.contract = contract
        self.sender = sender
        self.caller = caller
        slots = arguments
        if slotCount > arguments.count {
            slots.append(contentsOf: repeatElement(.none, count: slotCount - arguments.count))
        }
    }
}
