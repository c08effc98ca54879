// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension Machine {
    /// Calls a function of the contract that runs.
    mutating func call(
        _ function: CompiledFunction, _ arguments: [ClarityValue], _ frame: Frame
    ) throws(Interruption) -> ClarityValue {
        try call(
            function, of: frame.contract, arguments, sender: frame.sender, caller: frame.caller, checksTypes: false)
    }

    /// Calls a function of another contract, as that contract lets others do.
    mutating func call(
        _ identifier: ContractIdentifier, _ name: ClarityName, _ arguments: [ClarityValue], _ frame: Frame
    ) throws(Interruption) -> ClarityValue {
        try call(identifier, name, arguments, sender: frame.sender, caller: frame.contract.principal)
    }

    /// Calls a function from outside of its contract.
    mutating func call(
        _ identifier: ContractIdentifier, _ name: ClarityName, _ arguments: [ClarityValue], sender: Principal,
        caller: Principal
    ) throws(Interruption) -> ClarityValue {
        guard let contract = contracts[identifier] else { throw .fault(.noSuchContract(identifier.description)) }
        guard let function = contract.function(name) else { throw .fault(.undefinedFunction(name.text)) }
        guard function.access != .private else {
            throw .fault(.noSuchPublicFunction(contract: identifier.description, function: name.text))
        }
        // The call counts for one more level than the word that makes it.
        depth += 1
        defer { depth -= 1 }
        return try call(function, of: contract, arguments, sender: sender, caller: caller, checksTypes: true)
    }

    private mutating func call(
        _ function: CompiledFunction, of contract: CompiledContract, _ arguments: [ClarityValue], sender: Principal,
        caller: Principal, checksTypes: Bool
    ) throws(Interruption) -> ClarityValue {
        let key = ActiveFunction(contract: contract.number, function: function.index)
        guard !active.contains(key) else {
            throw .fault(.circularReference("\(contract.identifier):\(function.name)"))
        }
        guard arguments.count == function.parameters.count else {
            throw .fault(.incorrectArgumentCount(expected: function.parameters.count, found: arguments.count))
        }
        if checksTypes {
            for (parameter, argument) in zip(function.parameters, arguments) where !parameter.type.accepts(argument) {
                throw .fault(.typeValueError(expected: parameter.type, found: argument))
            }
        }
        active.append(key)
        defer { active.removeLast() }
        var frame = Frame(
            contract: contract, sender: sender, caller: caller, slotCount: function.slotCount, arguments: arguments)
        switch function.access {
        case .private: return try result(of: function, &frame)
        case .readOnly:
            state.begin()
            readOnlyDepth += 1
            defer {
                readOnlyDepth -= 1
                state.rollBack()
            }
            return try result(of: function, &frame)
        case .public: return try publicResult(of: function, &frame)
        }
    }

    /// What the function answers, also when it is left early.
    private mutating func result(
        of function: CompiledFunction, _ frame: inout Frame
    ) throws(Interruption) -> ClarityValue {
        do {
            return try evaluate(function.body, &frame)
        } catch {
            guard case .earlyReturn(let value, _) = error else { throw error }
            return value
        }
    }

    /// What a public function answers; all that it did is taken back, unless that is an `ok`.
    private mutating func publicResult(
        of function: CompiledFunction, _ frame: inout Frame
    ) throws(Interruption) -> ClarityValue {
        state.begin()
        let value: ClarityValue
        do {
            value = try result(of: function, &frame)
        } catch {
            state.rollBack()
            throw error
        }
        if case .ok = value { try commit() } else { state.rollBack() }
        return value
    }

    // MARK: - Calls through a trait

    /// Calls the contract that the first operand names, if it keeps to the trait.
    mutating func call(
        through trait: TraitIdentifier, _ name: ClarityName, _ operands: [Code], _ frame: inout Frame
    ) throws(Interruption) -> ClarityValue {
        let arguments = try values(of: operands.dropFirst(), &frame)
        guard case .principal(let principal) = try evaluate(operands[0], &frame), let identifier = principal.contract
        else { throw .fault(.contractCallExpectName) }
        guard identifier != frame.contract.identifier else {
            throw .fault(.circularReference(identifier.name.text))
        }
        guard let contract = contracts[identifier] else { throw .fault(.noSuchContract(identifier.description)) }
        let returns = try expectation(of: trait, name, in: contract)
        let value = try call(identifier, name, arguments, frame)
        if let returns, !returns.accepts(value) {
            throw .fault(.returnTypesMustMatch(expected: returns, found: value))
        }
        return value
    }

    /// The type that the trait promises for a function, or `nil` when the contract was checked against the trait.
    private func expectation(
        of trait: TraitIdentifier, _ name: ClarityName, in contract: CompiledContract
    ) throws(Interruption) -> ClarityType? {
        if contract.analysis.implementedTraits.contains(trait) { return nil }
        guard let home = contracts[trait.contract] else { throw .fault(.noSuchContract(trait.contract.description)) }
        guard let function = contract.function(name) else {
            throw .fault(.badTraitImplementation(trait: trait.name.text, function: name.text))
        }
        if readOnlyDepth > 0 && function.access != .readOnly { throw .fault(.traitBasedContractCallInReadOnly) }
        guard function.access != .private else {
            throw .fault(.noSuchPublicFunction(contract: contract.identifier.description, function: name.text))
        }
        guard let signatures = home.analysis.definedTraits[trait.name] else {
            throw .fault(.traitReferenceUnknown(trait.name.text))
        }
        guard let signature = signatures[name] else {
            throw .fault(.traitMethodUnknown(trait: trait.name.text, function: name.text))
        }
        let complies =
            signature.parameters.count == function.parameters.count
            && zip(function.parameters, signature.parameters).allSatisfy { own, asked in
                (try? own.type.admits(asked)) == true
            }
        guard complies else {
            throw .fault(.badTraitImplementation(trait: trait.name.text, function: name.text))
        }
        return signature.returns
    }
}
