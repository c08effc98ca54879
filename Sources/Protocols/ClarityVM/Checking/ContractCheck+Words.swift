// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ContractCheck {
    /// The type of a native function's answer.
    mutating func type(of word: NativeFunction, _ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        if let signature = NativeSignature(word) {
            let types = try types(of: arguments)
            let version = version
            return try typed { () throws(CheckReason) in try signature.apply(to: types, in: version) }
        }
        switch word {
        case .list: return try typeOfList(arguments)
        case .tuple: return try typeOfTuple(arguments)
        case .get: return try typeOfGet(arguments)
        case .merge: return try typeOfMerge(arguments)
        case .begin:
            try count(arguments, isAtLeast: 1)
            return try typeOfLast(arguments)
        case .letIn: return try typeOfLet(arguments)
        case .ifElse: return try typeOfIf(arguments)
        case .isEqual: return try typeOfIsEqual(arguments)
        case .print, .asContract:
            try count(arguments, is: 1)
            return try type(of: arguments[0])
        case .atBlock:
            try count(arguments, is: 2)
            try expect(.buffer(32), of: arguments[0])
            return try type(of: arguments[1])
        case .map, .filter, .fold, .append, .concat, .asMaxLen, .len, .elementAt, .elementAtMaybe, .indexOf,
            .indexOfMaybe, .slice, .replaceAt:
            return try typeOfSequence(word, arguments)
        case .some, .ok, .err, .isOk, .isErr, .isSome, .isNone, .defaultTo, .asserts, .unwrap, .unwrapErr,
            .unwrapPanic, .unwrapErrPanic, .tryOr, .match:
            return try typeOfOption(word, arguments)
        case .varGet, .varSet, .mapGet, .mapSet, .mapInsert, .mapDelete:
            return try typeOfState(word, arguments)
        case .ftGetBalance, .ftGetSupply, .ftTransfer, .ftMint, .ftBurn, .nftGetOwner, .nftTransfer, .nftMint,
            .nftBurn, .stxTransfer, .stxTransferMemo:
            return try typeOfAsset(word, arguments)
        case .contractCall, .contractOf, .principalOf, .principalConstruct, .secp256k1Recover, .secp256k1Verify,
            .secp256r1Verify, .toConsensusBuff, .fromConsensusBuff, .toASCII, .getBlockInfo, .getBurnBlockInfo,
            .getStacksBlockInfo, .getTenureInfo:
            return try typeOfCall(word, arguments)
        case .restrictAssets, .asContractWith: return try typeOfGuarded(word, arguments)
        case .withSTX, .withFT, .withNFT, .withStacking, .withAllAssetsUnsafe: throw fault(.allowanceExprNotAllowed)
        default: throw fault(.unknownFunction(word.rawValue))
        }
    }

    // MARK: - Lists and tuples

    private mutating func typeOfList(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        guard !arguments.isEmpty else { return .list(.empty) }
        var (entry, size) = (ClarityType.noType, 0)
        var mismatch: CheckReason?
        for argument in arguments {
            let type = try type(of: argument)
            size += type.size
            if mismatch == nil, size <= ClarityType.maximumSize {
                try spend(entry.weight)
                do { entry = try ClarityType.leastSupertype(entry, type) } catch { mismatch = error }
            }
        }
        guard size <= ClarityType.maximumSize else { throw fault(.valueTooLarge) }
        if let mismatch { throw fault(mismatch) }
        return try typed { () throws(CheckReason) in try .list(of: entry, maximumLength: arguments.count) }
    }

    private mutating func typeOfTuple(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, isAtLeast: 1)
        var fields: [TupleType.Field] = []
        for (index, argument) in arguments.enumerated() {
            let (name, value) = try Binding.read(argument, .tupleField, index: index)
            fields.append(TupleType.Field(name: name, type: try type(of: value)))
        }
        do { return .tuple(try TupleType(fields)) } catch { throw fault(.badTupleConstruction(error.message)) }
    }

    private mutating func typeOfGet(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, is: 2)
        guard let name = arguments[0].atom else { throw fault(.badTupleFieldName) }
        let type = try type(of: arguments[1])
        switch type {
        case .tuple(let tuple): return try field(name, of: tuple)
        case .optional(let optional):
            guard case .tuple(let tuple) = optional.wrapped else { throw fault(.expectedTuple(optional.wrapped)) }
            let field = try field(name, of: tuple)
            return try typed { () throws(CheckReason) in try .optional(of: field) }
        default: throw fault(.expectedTuple(type))
        }
    }

    private func field(_ name: ClarityName, of tuple: TupleType) throws(CheckFault) -> ClarityType {
        guard let type = tuple[name] else { throw fault(.noSuchTupleField(name.text, tuple)) }
        return type
    }

    private mutating func typeOfMerge(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, is: 2)
        let first = try type(of: arguments[0])
        guard case .tuple(let base) = first else { throw fault(.expectedTuple(first)) }
        let second = try type(of: arguments[1])
        guard case .tuple(let update) = second else { throw fault(.expectedTuple(second)) }
        try spend(base.weight + update.weight)
        let kept = base.fields.filter { update[$0.name] == nil }
        return try typed { () throws(CheckReason) in .tuple(try TupleType(kept + update.fields)) }
    }

    // MARK: - Control

    private mutating func typeOfLet(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, isAtLeast: 2)
        guard let bindings = arguments[0].list else { throw fault(.badLetSyntax) }
        let outer = scope.mark
        for (index, binding) in bindings.enumerated() {
            let (name, value) = try Binding.read(binding, .letBinding, index: index)
            try check(name)
            if scope.variables[name] != nil { throw CheckFault(.nameAlreadyUsed(name.text), at: binding.span) }
            let type = try type(of: value)
            bind(name, to: type)
        }
        let type = try typeOfLast(arguments.dropFirst())
        scope.leave(to: outer)
        return type
    }

    /// Adds a local name; since Clarity 2 one for a trait reference can be called, as a parameter always can.
    mutating func bind(_ name: ClarityName, to type: ClarityType) {
        if version >= .clarity2 { scope.bind(name, to: type) } else { scope.bindVariable(name, to: type) }
    }

    private mutating func typeOfIf(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, is: 3)
        try expect(.bool, of: arguments[0])
        let types = try types(of: arguments.dropFirst())
        let mismatch = CheckReason.ifArmsMustMatch(types[0], types[1])
        let type = try supertype(types[0], types[1]) { _ in mismatch }
        guard let concrete = type.concrete else { throw fault(mismatch) }
        return concrete
    }

    private mutating func typeOfIsEqual(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, isAtLeast: 1)
        var common: ClarityType?
        var mismatch: CheckReason?
        for argument in arguments {
            let type = try type(of: argument)
            guard mismatch == nil else { continue }
            let known = common ?? type
            try spend(known.weight)
            do { common = try ClarityType.leastSupertype(type, known) } catch {
                mismatch = .typeError(expected: type, found: known)
            }
        }
        if let mismatch { throw fault(mismatch) }
        return .bool
    }
}
