// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension SimnetCore {
    mutating func readOnly(
        _ identifier: ContractIdentifier, _ name: ClarityName, _ arguments: [ClarityValue], sender: Principal?
    ) throws(SimnetFault) -> ClarityValue {
        let contract = try contract(identifier)
        let sender = sender ?? .standard(identifier.issuer)
        return try undone { machine throws(Interruption) in
            if let function = contract.function(name), function.access == .public {
                throw .fault(
                    .publicFunctionNotReadOnly(contract: identifier.description, function: name.text))
            }
            return try machine.call(identifier, name, arguments, sender: sender, caller: sender)
        }
    }

    mutating func evaluate(
        _ text: String, in identifier: ContractIdentifier, sender: Principal?
    ) throws(SimnetFault) -> ClarityValue {
        let contract = try contract(identifier)
        let syntax: ContractSyntax
        do {
            syntax = try ContractSyntax(text, of: identifier, in: contract.version)
        } catch {
            throw .syntax(error)
        }
        let (codes, slotCount) = ContractCompiler.compile(syntax, inside: contract)
        return try undone { machine throws(Interruption) in
            let sender = sender ?? .standard(ContractIdentifier.transient.issuer)
            var frame = Frame(contract: contract, sender: sender, caller: sender, slotCount: slotCount)
            return try machine.last(of: codes[...], &frame)
        }
    }

    /// Runs something and takes back all that it did.
    private mutating func undone(
        _ body: (inout Machine) throws(Interruption) -> ClarityValue
    ) throws(SimnetFault) -> ClarityValue {
        machine.beginTransaction(sponsor: nil, limit: costLimit)
        machine.state.begin()
        defer {
            machine.state.rollBack()
            _ = machine.state.endTransaction()
        }
        do {
            return try body(&machine)
        } catch {
            throw .runtime(error.unreturned)
        }
    }

    private func contract(_ identifier: ContractIdentifier) throws(SimnetFault) -> CompiledContract {
        guard let contract = machine.contracts[identifier] else { throw .noSuchContract(identifier) }
        return contract
    }

    // MARK: - Values

    func variable(_ name: ClarityName, of identifier: ContractIdentifier) throws(SimnetFault) -> ClarityValue {
        let contract = try contract(identifier)
        guard let index = contract.definitions.variables[name],
            let value = machine.state[.variable(contract: contract.number, index: index)]
        else { throw .noSuchDefinition(name.text) }
        return value
    }

    func constant(_ name: ClarityName, of identifier: ContractIdentifier) throws(SimnetFault) -> ClarityValue {
        let contract = try contract(identifier)
        guard let index = contract.definitions.constants[name],
            let value = machine.state[.constant(contract: contract.number, index: index)]
        else { throw .noSuchDefinition(name.text) }
        return value
    }

    func mapEntry(
        _ name: ClarityName, _ key: ClarityValue, of identifier: ContractIdentifier
    ) throws(SimnetFault) -> ClarityValue? {
        let contract = try contract(identifier)
        guard let map = contract.definitions.maps[name] else { throw .noSuchDefinition(name.text) }
        return machine.state[.mapEntry(contract: contract.number, map: map, key: key)]
    }

    func balance(of asset: AssetIdentifier, owner: Principal) throws(SimnetFault) -> UInt128 {
        let contract = try contract(asset.contract)
        guard let token = contract.definitions.fungibleTokens[asset.name] else {
            throw .noSuchDefinition(asset.name.text)
        }
        guard
            case .uint(let balance)? = machine.state[
                .balance(contract: contract.number, token: token, owner: owner)]
        else { return 0 }
        return balance
    }
}
