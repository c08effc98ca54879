// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension Machine {
    /// Runs what the deployment of a contract does, in order.
    ///
    /// The contract is added first, since its own functions may be called while it is deployed; it is taken away again
    /// when the deployment stops.
    ///
    /// - Returns: The value of the last expression that is no definition, or `nil` when there is none.
    mutating func deploy(_ contract: CompiledContract) throws(RuntimeFault) -> ClarityValue? {
        add(contract)
        let deployer = Principal.standard(contract.identifier.issuer)
        var frame = Frame(contract: contract, sender: deployer, caller: deployer, slotCount: contract.slotCount)
        var last: ClarityValue?
        state.begin()
        do {
            for step in contract.steps { try run(step, &frame, &last) }
            try commit()
        } catch {
            state.rollBack()
            remove(contract)
            throw error.unreturned
        }
        return last
    }

    private mutating func run(
        _ step: CompiledContract.Step, _ frame: inout Frame, _ last: inout ClarityValue?
    ) throws(Interruption) {
        let contract = frame.contract.number
        switch step {
        case .constant(let index, let code):
            try write(.constant(contract: contract, index: index), try evaluate(code, &frame))
        case .variable(let index, let code):
            try write(.variable(contract: contract, index: index), try evaluate(code, &frame))
        case .supplyLimit(let token, let code):
            try write(.supplyLimit(contract: contract, token: token), try evaluate(code, &frame))
        case .evaluate(let code): last = try evaluate(code, &frame)
        case .fault(let fault): throw .fault(fault)
        }
    }
}
