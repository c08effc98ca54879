// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

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
