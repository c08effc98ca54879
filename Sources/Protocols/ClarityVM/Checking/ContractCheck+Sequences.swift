// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ContractCheck {
    /// The type of what works on lists, buffers and strings.
    mutating func typeOfSequence(_ word: NativeFunction, _ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        switch word {
        case .map: return try typeOfMap(arguments)
        case .filter:
            try count(arguments, is: 2)
            let function = try applicable(arguments[0])
            let input = try type(of: arguments[1])
            let result = try apply(function, to: [try unit(of: input)])
            guard result == .bool else { throw fault(.typeError(expected: .bool, found: result)) }
            return input
        case .fold:
            try count(arguments, is: 3)
            let function = try applicable(arguments[0])
            let entry = try unit(of: try type(of: arguments[1]))
            let result = try apply(function, to: [entry, try type(of: arguments[2])])
            // What the function answers is what it is given next.
            return try apply(function, to: [entry, result])
        case .append: return try typeOfAppend(arguments)
        case .concat: return try typeOfConcat(arguments)
        case .asMaxLen: return try typeOfAsMaxLen(arguments)
        case .len:
            try count(arguments, is: 1)
            _ = try unit(of: try type(of: arguments[0]))
            return .uint
        case .indexOf, .indexOfMaybe:
            try count(arguments, is: 2)
            let entry = try unit(of: try type(of: arguments[0]))
            try expect(entry, of: arguments[1])
            return NativeTypes.optionalUInt
        case .elementAt, .elementAtMaybe:
            try count(arguments, is: 2)
            try expect(.uint, of: arguments[1])
            let entry = try unit(of: try type(of: arguments[0]))
            return try typed { () throws(CheckReason) in try .optional(of: entry) }
        case .slice:
            try count(arguments, is: 3)
            let input = try type(of: arguments[0])
            _ = try unit(of: input)
            try expect(.uint, of: arguments[1])
            try expect(.uint, of: arguments[2])
            return try typed { () throws(CheckReason) in try .optional(of: input) }
        default:
            try count(arguments, is: 3)
            let input = try type(of: arguments[0])
            let entry = try unit(of: input)
            try expect(.uint, of: arguments[1])
            try expect(entry, of: arguments[2])
            return try typed { () throws(CheckReason) in try .optional(of: input) }
        }
    }

    // MARK: - Applying a function by its name

    /// A function that can be applied to the entries of a list.
    private enum Applicable {
        case native(NativeSignature)
        case defined(FunctionSignature)
    }

    private func applicable(_ expression: Expression) throws(CheckFault) -> Applicable {
        guard let name = expression.atom else { throw fault(.nonFunctionApplication) }
        if let word = NativeFunction(name, in: version) {
            if let signature = NativeSignature(word) { return .native(signature) }
        } else if let function = analysis.function(name) {
            return .defined(function)
        }
        throw fault(.illegalOrUnknownFunctionApplication(name.text))
    }

    private mutating func apply(_ function: Applicable, to types: [ClarityType]) throws(CheckFault) -> ClarityType {
        try spend(types.reduce(1) { $0 + $1.weight })
        let signature: NativeSignature =
            switch function {
            case .native(let signature): signature
            case .defined(let function): .fixed(function.parameters.map(\.type), returns: function.returns)
            }
        let version = version
        return try typed { () throws(CheckReason) in try signature.apply(to: types, in: version) }
    }

    private mutating func typeOfMap(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, isAtLeast: 2)
        let function = try applicable(arguments[0])
        var shortest = Int.max
        var entries: [ClarityType] = []
        for argument in arguments.dropFirst() {
            let type = try type(of: argument)
            entries.append(try unit(of: type))
            shortest = min(shortest, length(of: type))
        }
        let result = try apply(function, to: entries)
        do { return try .list(of: result, maximumLength: shortest) } catch { throw fault(.constructedListTooLarge) }
    }

    /// The type of one entry; a byte of a buffer is a buffer, a character of a string a string.
    private func unit(of type: ClarityType) throws(CheckFault) -> ClarityType {
        switch type {
        case .list(let list): return list.entry
        case .buffer: return .buffer(1)
        case .ascii: return .ascii(1)
        case .utf8: return .utf8(1)
        default: throw fault(.expectedSequence(type))
        }
    }

    private func length(of type: ClarityType) -> Int {
        switch type {
        case .list(let list): list.maximumLength
        case .buffer(let length), .ascii(let length), .utf8(let length): length
        default: 0
        }
    }

    // MARK: - Changing the length

    private mutating func typeOfAppend(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, is: 2)
        guard case .list(let list) = try type(of: arguments[0]) else { throw fault(.expectedListApplication) }
        let added = try type(of: arguments[1])
        let entry = try supertype(list.entry, added) { $0 }
        return try typed { () throws(CheckReason) in try .list(of: entry, maximumLength: list.maximumLength + 1) }
    }

    private mutating func typeOfConcat(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, is: 2)
        let (left, right) = (try type(of: arguments[0]), try type(of: arguments[1]))
        let length = Int128(length(of: left) + length(of: right))
        switch (left, right) {
        case (.list(let first), .list(let second)):
            let entry = try supertype(first.entry, second.entry) { $0 }
            return try typed { () throws(CheckReason) in try .list(of: entry, maximumLength: Int(length)) }
        case (.buffer, .buffer): return try typed { () throws(CheckReason) in try .buffer(checked: length) }
        case (.ascii, .ascii): return try typed { () throws(CheckReason) in try .ascii(checked: length) }
        case (.utf8, .utf8): return try typed { () throws(CheckReason) in try .utf8(checked: length) }
        default:
            guard (try? unit(of: left)) != nil, (try? unit(of: right)) != nil else {
                throw fault(.expectedSequence(left))
            }
            throw fault(.typeError(expected: left, found: right))
        }
    }

    private mutating func typeOfAsMaxLen(_ arguments: [Expression]) throws(CheckFault) -> ClarityType {
        try count(arguments, is: 2)
        guard case .uint(let wanted)? = arguments[1].literal else {
            throw fault(.typeError(expected: .uint, found: try type(of: arguments[1])))
        }
        guard wanted <= UInt128(UInt32.max) else { throw fault(.maxLengthOverflow) }
        let length = Int128(wanted)
        let input = try type(of: arguments[0])
        return try typed { () throws(CheckReason) in
            switch input {
            case .list(let list): try .optional(of: .list(of: list.entry, maximumLength: Int(length)))
            case .buffer: try .optional(of: .buffer(checked: length))
            case .ascii: try .optional(of: .ascii(checked: length))
            case .utf8: try .optional(of: .utf8(checked: length))
            default: throw .expectedSequence(input)
            }
        }
    }
}
