// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// A contract that is ready to run: its functions, and what its deployment does in order.
final class CompiledContract: Sendable {
    let identifier: ContractIdentifier
    let principal: Principal
    /// Counted in the order of deployment.
    let number: Int
    let version: ClarityVersion
    let source: String
    let analysis: ContractAnalysis
    let definitions: Definitions
    let functions: [CompiledFunction]
    let steps: [Step]
    /// How many locals the top level needs.
    let slotCount: Int
    /// The names of the tokens, by number.
    let fungibleTokenNames: [ClarityName]
    let nonFungibleTokenNames: [ClarityName]

    /// Names of definitions and their numbers.
    struct Definitions: Sendable {
        var constants: [ClarityName: Int] = [:]
        var variables: [ClarityName: Int] = [:]
        var maps: [ClarityName: Int] = [:]
        var fungibleTokens: [ClarityName: Int] = [:]
        var nonFungibleTokens: [ClarityName: Int] = [:]
        var functions: [ClarityName: Int] = [:]
    }

    /// What is done once, when the contract is deployed.
    enum Step: Sendable {
        case constant(Int, Code)
        case variable(Int, Code)
        case supplyLimit(token: Int, Code)
        case evaluate(Code)
        case fault(RuntimeFault)
    }

    init(
        identifier: ContractIdentifier, number: Int, version: ClarityVersion, source: String,
        analysis: ContractAnalysis, compiler: ContractCompiler
    ) {
        self.identifier = identifier
        principal = .contract(identifier)
        self.number = number
        self.version = version
        self.source = source
        self.analysis = analysis
        definitions = compiler.definitions
        functions = compiler.functions
        steps = compiler.steps
        slotCount = compiler.slotCount
        fungibleTokenNames = definitions.fungibleTokens.sorted { $0.value < $1.value }.map(\.key)
        nonFungibleTokenNames = definitions.nonFungibleTokens.sorted { $0.value < $1.value }.map(\.key)
    }

    func function(_ name: ClarityName) -> CompiledFunction? { definitions.functions[name].map { functions[$0] } }
}
