// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension Machine {
    /// Applies a word to values that are there.
    mutating func apply(
        _ word: NativeFunction, _ values: [ClarityValue], _ frame: Frame
    ) throws(Interruption) -> ClarityValue {
        try word.check(operands: values.count)
        switch word {
        case .add, .subtract, .multiply, .divide, .modulo, .power, .sqrti, .log2, .toInt, .toUInt:
            return try Arithmetic.apply(word, values)
        case .xor, .bitXor, .bitAnd, .bitOr, .bitNot, .bitShiftLeft, .bitShiftRight: return try Bits.apply(word, values)
        case .greaterOrEqual, .lessOrEqual, .less, .greater: return try Comparison.apply(word, values)
        case .isEqual:
            try meter.charge(values.reduce(0) { $0 + $1.weight } / 32)
            return .bool(values.dropFirst().allSatisfy { $0 == values[0] })
        // Where these two stand as a function for `fold` or `map`, both operands are there already.
        case .and: return .bool(!values.contains(.bool(false)))
        case .or: return .bool(values.contains(.bool(true)))
        case .not: return .bool(try values.only == .bool(false))
        case .list:
            try meter.charge(values.count)
            return .list(values)
        case .append, .concat, .len, .elementAt, .elementAtMaybe, .indexOf, .indexOfMaybe, .slice, .replaceAt:
            return try sequence(word, values)
        case .merge:
            guard case .tuple(let left) = values[0], case .tuple(let right) = values[1] else { throw .illTyped }
            return .tuple(left.merging(right))
        case .some, .ok, .err, .defaultTo, .unwrap, .unwrapErr, .unwrapPanic, .unwrapErrPanic, .tryOr, .isOk, .isErr,
            .isSome, .isNone:
            return try Wrapping.apply(word, values)
        case .hash160, .sha256, .sha512, .sha512Trunc256, .keccak256, .secp256k1Recover, .secp256k1Verify,
            .secp256r1Verify, .principalOf:
            return try crypto(word, values, frame)
        case .buffToIntLE, .buffToUIntLE, .buffToIntBE, .buffToUIntBE, .stringToInt, .stringToUInt, .intToASCII,
            .intToUTF8, .toASCII, .toConsensusBuff:
            return try convert(word, values)
        case .isStandard, .principalDestruct, .principalConstruct, .contractOf, .contractHash:
            return try principal(word, values)
        case .stxGetBalance, .stxAccount, .stxTransfer, .stxTransferMemo, .stxBurn: return try stx(word, values, frame)
        case .print:
            let value = try values.only
            try meter.charge(value.weight / 16)
            state.append(.print(contract: frame.contract.identifier, value: value))
            return value
        default: throw .fault(.unsupported(word.rawValue))
        }
    }
}

extension [ClarityValue] {
    /// The value of a word with one operand.
    var only: ClarityValue {
        get throws(Interruption) {
            guard count == 1 else { throw .fault(.incorrectArgumentCount(expected: 1, found: count)) }
            return self[0]
        }
    }

    /// The values of a word with two operands.
    var pair: (ClarityValue, ClarityValue) {
        get throws(Interruption) {
            guard count == 2 else { throw .fault(.incorrectArgumentCount(expected: 2, found: count)) }
            return (self[0], self[1])
        }
    }
}
