// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// The words that reckon; nothing wraps, what does not fit stops the contract.
enum Arithmetic {
    static func apply(_ word: NativeFunction, _ values: [ClarityValue]) throws(Interruption) -> ClarityValue {
        switch word {
        case .toInt:
            guard case .uint(let number) = try values.only else { throw .illTyped }
            guard let signed = Int128(exactly: number) else { throw .fault(.arithmeticOverflow) }
            return .int(signed)
        case .toUInt:
            guard case .int(let number) = try values.only else { throw .illTyped }
            guard let unsigned = UInt128(exactly: number) else { throw .fault(.arithmeticUnderflow) }
            return .uint(unsigned)
        default: break
        }
        switch values.first {
        case .int:
            var numbers: [Int128] = []
            for value in values {
                guard case .int(let number) = value else { throw .fault(.typeValueError(expected: .int, found: value)) }
                numbers.append(number)
            }
            return .int(try reckon(word, numbers))
        case .uint:
            var numbers: [UInt128] = []
            for value in values {
                guard case .uint(let number) = value else {
                    throw .fault(.typeValueError(expected: .uint, found: value))
                }
                numbers.append(number)
            }
            return .uint(try reckon(word, numbers))
        default: throw .fault(.incorrectArgumentCount(expected: 1, found: values.count))
        }
    }

    private static func reckon<Number: FixedWidthInteger & Sendable>(
        _ word: NativeFunction, _ numbers: [Number]
    ) throws(Interruption) -> Number {
        let first = numbers[0]
        switch word {
        case .add: return try fold(numbers, .arithmeticOverflow) { $0.addingReportingOverflow($1) }
        case .subtract:
            // One number alone is taken from zero.
            let all = numbers.count == 1 ? [0, first] : numbers
            return try fold(all, .arithmeticUnderflow) { $0.subtractingReportingOverflow($1) }
        case .multiply: return try fold(numbers, .arithmeticOverflow) { $0.multipliedReportingOverflow(by: $1) }
        case .divide: return try fold(numbers, .divisionByZero) { $0.dividedReportingOverflow(by: $1) }
        case .modulo:
            let divisor = try second(numbers)
            let (remainder, overflows) = first.remainderReportingOverflow(dividingBy: divisor)
            guard !overflows else { throw .fault(.divisionByZero) }
            return remainder
        case .power: return try power(first, try second(numbers))
        case .sqrti:
            guard first >= 0 else { throw .fault(.arithmetic("sqrti must be passed a positive integer")) }
            return squareRoot(first)
        case .log2:
            guard first >= 1 else { throw .fault(.arithmetic("log2 must be passed a positive integer")) }
            return Number(Number.bitWidth - 1 - first.leadingZeroBitCount)
        default: throw .illTyped
        }
    }

    private static func second<Number>(_ numbers: [Number]) throws(Interruption) -> Number {
        guard numbers.count == 2 else { throw .fault(.incorrectArgumentCount(expected: 2, found: numbers.count)) }
        return numbers[1]
    }

    private static func fold<Number>(
        _ numbers: [Number], _ reason: RuntimeFault.Reason,
        _ step: (Number, Number) -> (partialValue: Number, overflow: Bool)
    ) throws(Interruption) -> Number {
        var result = numbers[0]
        for number in numbers.dropFirst() {
            let (value, overflows) = step(result, number)
            guard !overflows else { throw .fault(reason) }
            result = value
        }
        return result
    }

    /// - Source: stacks-core, `native_pow`: 0⁰ is 1, and 0 and 1 take any power.
    private static func power<Number: FixedWidthInteger>(
        _ base: Number, _ exponent: Number
    ) throws(Interruption) -> Number {
        if exponent == 0 || base == 1 { return 1 }
        if base == 0 || exponent == 1 { return base }
        guard let exponent = UInt32(exactly: exponent) else {
            throw .fault(.arithmetic("Power argument to (pow ...) must be a u32 integer"))
        }
        var result: Number = 1
        var factor = base
        var rest = exponent
        while true {
            if rest & 1 == 1 {
                result = try fold([result, factor], .arithmeticOverflow) { $0.multipliedReportingOverflow(by: $1) }
            }
            rest >>= 1
            if rest == 0 { return result }
            factor = try fold([factor, factor], .arithmeticOverflow) { $0.multipliedReportingOverflow(by: $1) }
        }
    }

    /// The greatest number whose square is not above `number`.
    private static func squareRoot<Number: FixedWidthInteger>(_ number: Number) -> Number {
        var root: Number = 0
        var bit = (Number.bitWidth - number.leadingZeroBitCount + 1) / 2
        while bit > 0 {
            bit -= 1
            let candidate = root | (1 << bit)
            let (square, overflows) = candidate.multipliedReportingOverflow(by: candidate)
            if !overflows && square <= number { root = candidate }
        }
        return root
    }
}

/// The words on single bits; shifts count modulo 128.
enum Bits {
    static func apply(_ word: NativeFunction, _ values: [ClarityValue]) throws(Interruption) -> ClarityValue {
        switch word {
        case .bitNot:
            switch try values.only {
            case .int(let number): return .int(~number)
            case .uint(let number): return .uint(~number)
            default: throw .illTyped
            }
        case .bitShiftLeft, .bitShiftRight:
            let pair = try values.pair
            guard case .uint(let distance) = pair.1 else { throw .illTyped }
            let places = Int(distance % 128)
            switch pair.0 {
            case .int(let number): return .int(word == .bitShiftLeft ? number << places : number >> places)
            case .uint(let number): return .uint(word == .bitShiftLeft ? number << places : number >> places)
            default: throw .illTyped
            }
        default:
            if word == .xor { _ = try values.pair }
            guard var result = values.first else {
                throw .fault(.incorrectArgumentCount(expected: 1, found: 0))
            }
            for value in values.dropFirst() {
                switch (result, value) {
                case (.int(let left), .int(let right)): result = .int(combine(word, left, right))
                case (.uint(let left), .uint(let right)): result = .uint(combine(word, left, right))
                default: throw .illTyped
                }
            }
            return result
        }
    }

    private static func combine<Number: FixedWidthInteger>(
        _ word: NativeFunction, _ left: Number, _ right: Number
    )
        -> Number
    {
        switch word {
        case .bitAnd: left & right
        case .bitOr: left | right
        default: left ^ right
        }
    }
}

/// The words that compare; bytes and characters compare one by one from the left.
enum Comparison {
    static func apply(_ word: NativeFunction, _ values: [ClarityValue]) throws(Interruption) -> ClarityValue {
        let pair = try values.pair
        let isLess: Bool
        let isMore: Bool
        switch pair {
        case (.int(let left), .int(let right)): (isLess, isMore) = (left < right, right < left)
        case (.uint(let left), .uint(let right)): (isLess, isMore) = (left < right, right < left)
        case (.buffer(let left), .buffer(let right)), (.ascii(let left), .ascii(let right)):
            (isLess, isMore) = (left.lexicographicallyPrecedes(right), right.lexicographicallyPrecedes(left))
        case (.utf8(let left), .utf8(let right)):
            (isLess, isMore) = (left.lexicographicallyPrecedes(right), right.lexicographicallyPrecedes(left))
        default: throw .fault(.typeValueError(expected: .uint, found: pair.1))
        }
        switch word {
        case .less: return .bool(isLess)
        case .greater: return .bool(isMore)
        case .lessOrEqual: return .bool(!isMore)
        default: return .bool(!isLess)
        }
    }
}
