// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ContractCompiler {
    func compile(_ expression: Expression, _ scope: inout Scope) -> Code {
        let span = expression.span
        switch expression.kind {
        case .literal(let value): return Code(.value(value), at: span)
        case .sugaredContract(let name):
            guard let contract = ContractIdentifier(issuer: identifier.issuer, name: name) else {
                return fault(.expect("no name of a contract"), span)
            }
            return Code(.value(.principal(contract)), at: span)
        case .atom(let name): return Code(reference(to: name, scope), at: span)
        case .list(let parts): return compile(application: parts, expression, &scope)
        case .sugaredField, .field, .traitReference: return fault(.expect("a trait where a value belongs"), span)
        }
    }

    private func reference(to name: ClarityName, _ scope: Scope) -> Operation {
        if let word = NativeVariable(name, in: version) { return .variable(word) }
        if let slot = scope.slots[name] { return .local(slot) }
        if let index = definitions.constants[name] { return .constant(index) }
        return .fault(.undefinedFunction(name.text))
    }

    private func fault(_ reason: RuntimeFault.Reason, _ span: SourceSpan) -> Code { Code(.fault(reason), at: span) }

    private func compile(application parts: [Expression], _ expression: Expression, _ scope: inout Scope) -> Code {
        let span = expression.span
        guard let name = parts.first?.atom else { return fault(.expect("an application of nothing"), span) }
        let arguments = Array(parts.dropFirst())
        if let word = NativeFunction(name, in: version) {
            return compile(word, arguments, expression, &scope)
        }
        guard let index = definitions.functions[name] else { return fault(.undefinedFunction(name.text), span) }
        return Code(.call(index), compile(all: arguments, &scope), at: span)
    }

    private func compile(all expressions: some Sequence<Expression>, _ scope: inout Scope) -> [Code] {
        expressions.map { compile($0, &scope) }
    }

    private func compile(
        _ word: NativeFunction, _ arguments: [Expression], _ expression: Expression, _ scope: inout Scope
    ) -> Code {
        let span = expression.span
        guard word.operandCounts.contains(arguments.count) else { return fault(word.miscounted(arguments.count), span) }
        func strict(_ operation: Operation, _ expressions: some Sequence<Expression>) -> Code {
            Code(operation, compile(all: expressions, &scope), at: span)
        }
        switch word {
        case .begin: return strict(.begin, arguments)
        case .and: return strict(.and, arguments)
        case .or: return strict(.or, arguments)
        case .ifElse where arguments.count == 3: return strict(.ifElse, arguments)
        case .asserts where arguments.count == 2: return strict(.asserts, arguments)
        case .asContract: return strict(.asContract, arguments)
        case .letIn: return compile(letIn: arguments, span, &scope)
        case .match: return compile(match: arguments, span, &scope)
        case .asContractWith, .restrictAssets: return compile(guarded: word, arguments, span, &scope)
        case .contractCall: return compile(contractCall: arguments, expression, &scope)
        case .map, .fold, .filter:
            guard let name = arguments.first?.atom else { return fault(.expect("a function is missing"), span) }
            let callee = callee(name)
            let operation: Operation = word == .map ? .map(callee) : word == .fold ? .fold(callee) : .filter(callee)
            return strict(operation, arguments.dropFirst())
        case .tuple: return compile(tuple: arguments, span, &scope)
        case .get:
            guard let name = arguments.first?.atom else { return fault(.expect("a name of a field is missing"), span) }
            return strict(.get(name), arguments.dropFirst())
        case .asMaxLen:
            guard arguments.count == 2, case .uint(let limit)? = arguments[1].literal else {
                return fault(.expect("a length is missing"), span)
            }
            return strict(.asMaxLen(limit), arguments.prefix(1))
        case .fromConsensusBuff:
            guard arguments.count == 2, let type = try? types.read(arguments[0]) else {
                return fault(.expect("a type is missing"), span)
            }
            return strict(.fromConsensus(type), arguments.dropFirst())
        case .varGet, .varSet, .mapGet, .mapSet, .mapInsert, .mapDelete, .ftGetBalance, .ftTransfer, .ftMint,
            .ftGetSupply, .ftBurn, .nftGetOwner, .nftTransfer, .nftMint, .nftBurn:
            guard let name = arguments.first?.atom, let operation = operation(word, on: name) else {
                return fault(.expect("a name is missing"), span)
            }
            return strict(operation, arguments.dropFirst())
        case .atBlock, .getBlockInfo, .getBurnBlockInfo, .getStacksBlockInfo, .getTenureInfo:
            return fault(.unsupported(word.rawValue), span)
        default: return strict(.native(word), arguments)
        }
    }

    private func operation(_ word: NativeFunction, on name: ClarityName) -> Operation? {
        switch word {
        case .varGet: definitions.variables[name].map { .variableGet($0) }
        case .varSet: definitions.variables[name].map { .variableSet($0) }
        case .mapGet: definitions.maps[name].map { .mapGet($0) }
        case .mapSet: definitions.maps[name].map { .mapSet($0) }
        case .mapInsert: definitions.maps[name].map { .mapInsert($0) }
        case .mapDelete: definitions.maps[name].map { .mapDelete($0) }
        case .nftGetOwner, .nftTransfer, .nftMint, .nftBurn:
            definitions.nonFungibleTokens[name].map { .nonFungible(word, token: $0) }
        default: definitions.fungibleTokens[name].map { .fungible(word, token: $0) }
        }
    }

    private func callee(_ name: ClarityName) -> Callee {
        if let word = NativeFunction(name, in: version) { return .native(word) }
        return definitions.functions[name].map { .function($0) } ?? .unknown(name)
    }

    /// A place for a local, which stops the contract when its name is taken.
    private func bind(_ name: ClarityName, _ scope: inout Scope) -> LocalBinding {
        let isTaken = isTaken(name) || scope.slots[name] != nil
        return LocalBinding(slot: scope.bind(name), takenName: isTaken ? name : nil)
    }

    private func compile(letIn arguments: [Expression], _ span: SourceSpan, _ scope: inout Scope) -> Code {
        guard let pairs = arguments.first?.list else { return fault(.expect("bindings are missing"), span) }
        let outer = scope
        var bindings: [LocalBinding] = []
        var operands: [Code] = []
        for pair in pairs {
            guard let parts = pair.list, parts.count == 2, let name = parts[0].atom else {
                return fault(.expect("a binding is malformed"), span)
            }
            operands.append(compile(parts[1], &scope))
            bindings.append(bind(name, &scope))
        }
        operands += compile(all: arguments.dropFirst(), &scope)
        scope.restore(outer)
        return Code(.letIn(bindings), operands, at: span)
    }

    private func compile(match arguments: [Expression], _ span: SourceSpan, _ scope: inout Scope) -> Code {
        let isResponse = arguments.count == 5
        guard isResponse || arguments.count == 4, let name = arguments[1].atom else {
            return fault(.expect("a match is malformed"), span)
        }
        let outer = scope
        let input = compile(arguments[0], &scope)
        let value = bind(name, &scope)
        let first = compile(arguments[2], &scope)
        scope.restore(outer)
        var error: LocalBinding?
        if isResponse {
            guard let name = arguments[3].atom else { return fault(.expect("a match is malformed"), span) }
            error = bind(name, &scope)
        }
        let second = compile(arguments[arguments.count - 1], &scope)
        scope.restore(outer)
        return Code(.match(value: value, error: error), [input, first, second], at: span)
    }

    private func compile(tuple arguments: [Expression], _ span: SourceSpan, _ scope: inout Scope) -> Code {
        var names: [ClarityName] = []
        var operands: [Code] = []
        for pair in arguments {
            guard let parts = pair.list, parts.count == 2, let name = parts[0].atom else {
                return fault(.expect("a field is malformed"), span)
            }
            if names.contains(name) { return fault(.nameAlreadyUsed(name.text), span) }
            names.append(name)
            operands.append(compile(parts[1], &scope))
        }
        let order = names.indices.sorted { names[$0] < names[$1] }
        return Code(.tuple(names: order.map { names[$0] }, order: order), operands, at: span)
    }

    private func compile(
        guarded word: NativeFunction, _ arguments: [Expression], _ span: SourceSpan, _ scope: inout Scope
    ) -> Code {
        let place = word == .restrictAssets ? 1 : 0
        guard arguments.count > place + 1, let list = arguments[place].list else {
            return fault(.expect("allowances are missing"), span)
        }
        var allowances: [Allowance] = []
        for entry in list {
            guard let parts = entry.list, let name = parts.first?.atom,
                let allowance = NativeFunction(name, in: version), allowance.isAllowance
            else { return fault(.expect("an allowance is malformed"), span) }
            allowances.append(
                Allowance(word: allowance, operands: compile(all: parts.dropFirst(), &scope), span: entry.span))
        }
        let body = compile(all: arguments[(place + 1)...], &scope)
        guard place == 1 else { return Code(.asContractWith(allowances), body, at: span) }
        return Code(.restrictAssets(allowances), [compile(arguments[0], &scope)] + body, at: span)
    }

    private func compile(
        contractCall arguments: [Expression], _ expression: Expression, _ scope: inout Scope
    ) -> Code {
        let span = expression.span
        guard arguments.count >= 2, let function = arguments[1].atom else {
            return fault(.contractCallExpectName, span)
        }
        let operands = compile(all: arguments.dropFirst(2), &scope)
        let target = compile(arguments[0], &scope)
        if case .value(.principal(.contract(let contract))) = target.operation {
            return Code(.contractCall(contract, function), operands, at: span)
        }
        guard let trait = analysis.callTraits[expression.id] else { return fault(.contractCallExpectName, span) }
        return Code(.traitCall(trait, function), [target] + operands, at: span)
    }
}
