// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The type of a function that takes any values of some types, so that it can also be applied to lists.
enum NativeSignature {
    /// One or more of one type.
    case variadic(ClarityType, returns: ClarityType)
    case fixed([ClarityType], returns: ClarityType)
    /// One of one of several types.
    case union([ClarityType], returns: ClarityType)
    /// A number, and how far to shift it.
    case shift
    /// One or more numbers of one kind.
    case arithmetic
    /// Two numbers of one kind.
    case arithmeticPair
    /// One number.
    case arithmeticSingle
    /// Two values that have an order.
    case comparison

    /// The signature of a native function, or `nil` when its arguments are not all values.
    init?(_ function: NativeFunction) {
        switch function {
        case .add, .subtract, .multiply, .divide, .bitOr, .bitAnd, .bitXor: self = .arithmetic
        case .greaterOrEqual, .lessOrEqual, .less, .greater: self = .comparison
        case .sqrti, .log2, .bitNot: self = .arithmeticSingle
        case .modulo, .power, .xor: self = .arithmeticPair
        case .bitShiftLeft, .bitShiftRight: self = .shift
        case .and, .or: self = .variadic(.bool, returns: .bool)
        case .not: self = .fixed([.bool], returns: .bool)
        case .toUInt: self = .fixed([.int], returns: .uint)
        case .toInt: self = .fixed([.uint], returns: .int)
        case .isStandard: self = .fixed([.principal], returns: .bool)
        case .buffToIntLE, .buffToIntBE: self = .fixed([.buffer(16)], returns: .int)
        case .buffToUIntLE, .buffToUIntBE: self = .fixed([.buffer(16)], returns: .uint)
        case .stringToInt: self = .union(NativeTypes.anyString, returns: NativeTypes.optionalInt)
        case .stringToUInt: self = .union(NativeTypes.anyString, returns: NativeTypes.optionalUInt)
        case .intToASCII: self = .union([.int, .uint], returns: .ascii(40))
        case .intToUTF8: self = .union([.int, .uint], returns: .utf8(40))
        case .hash160: self = .union(NativeTypes.hashable, returns: .buffer(20))
        case .sha256, .sha512Trunc256, .keccak256: self = .union(NativeTypes.hashable, returns: .buffer(32))
        case .sha512: self = .union(NativeTypes.hashable, returns: .buffer(64))
        case .stxGetBalance: self = .fixed([.principal], returns: .uint)
        case .stxAccount: self = .fixed([.principal], returns: NativeTypes.account)
        case .stxBurn: self = .fixed([.uint, .principal], returns: NativeTypes.boolOrCode)
        case .principalDestruct: self = .fixed([.principal], returns: NativeTypes.principalParts)
        case .contractHash: self = .fixed([.principal], returns: NativeTypes.hashOrCode)
        default: return nil
        }
    }

    /// The type of the answer when the function is applied to values of these types.
    func apply(to types: [ClarityType], in version: ClarityVersion) throws(CheckReason) -> ClarityType {
        switch self {
        case .variadic(let expected, let returns):
            guard !types.isEmpty else { throw .requiresAtLeastArguments(1, found: 0) }
            for type in types { try Self.check(expected, admits: type) }
            return returns
        case .fixed(let expected, let returns):
            try Self.check(types, count: expected.count)
            for (expected, type) in zip(expected, types) { try Self.check(expected, admits: type) }
            return returns
        case .union(let expected, let returns):
            try Self.check(types, count: 1)
            for option in expected where try option.admits(types[0]) { return returns }
            throw .unionTypeError(expected: expected, found: types[0])
        case .shift:
            try Self.check(types, count: 2)
            try Self.checkNumber(types[0])
            try Self.check(.uint, admits: types[1])
            return types[0]
        case .arithmetic: return try Self.checkNumbers(types)
        case .arithmeticPair:
            try Self.check(types, count: 2)
            return try Self.checkNumbers(types)
        case .arithmeticSingle:
            try Self.check(types, count: 1)
            return try Self.checkNumbers(types)
        case .comparison: return try Self.compare(types, in: version)
        }
    }

    private static func check(_ types: [ClarityType], count: Int) throws(CheckReason) {
        guard types.count == count else { throw .incorrectArgumentCount(expected: count, found: types.count) }
    }

    private static func check(_ expected: ClarityType, admits type: ClarityType) throws(CheckReason) {
        guard try expected.admits(type) else { throw .typeError(expected: expected, found: type) }
    }

    private static func checkNumber(_ type: ClarityType) throws(CheckReason) {
        guard type == .int || type == .uint else { throw .unionTypeError(expected: [.int, .uint], found: type) }
    }

    private static func checkNumbers(_ types: [ClarityType]) throws(CheckReason) -> ClarityType {
        guard let first = types.first else { throw .requiresAtLeastArguments(1, found: 0) }
        try checkNumber(first)
        for type in types where type != first { throw .typeError(expected: first, found: type) }
        return first
    }

    /// Numbers have an order in all editions, text and bytes since Clarity 2.
    private static func compare(_ types: [ClarityType], in version: ClarityVersion) throws(CheckReason) -> ClarityType {
        try check(types, count: 2)
        switch (types[0], types[1]) {
        case (.int, .int), (.uint, .uint): return .bool
        case (.ascii, .ascii), (.utf8, .utf8), (.buffer, .buffer): if version >= .clarity2 { return .bool }
        case (.int, _), (.uint, _): throw .typeError(expected: types[0], found: types[1])
        case (.ascii, _), (.utf8, _), (.buffer, _):
            if version >= .clarity2 { throw .typeError(expected: types[0], found: types[1]) }
        default: break
        }
        let expected: [ClarityType] =
            version < .clarity2 ? [.int, .uint] : [.int, .uint] + NativeTypes.anyString + [NativeTypes.longestBuffer]
        throw .unionTypeError(expected: expected, found: types[0])
    }
}
