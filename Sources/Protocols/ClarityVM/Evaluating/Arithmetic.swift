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
