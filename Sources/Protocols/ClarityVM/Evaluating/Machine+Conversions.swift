// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks

extension Machine {
    /// The words that turn values into others with the same meaning.
    mutating func convert(_ word: NativeFunction, _ values: [ClarityValue]) throws(Interruption) -> ClarityValue {
        let value = try values.only
        switch word {
        case .buffToIntLE, .buffToUIntLE, .buffToIntBE, .buffToUIntBE:
            guard case .buffer(let bytes) = value, bytes.count <= 16 else {
                throw .fault(.typeValueError(expected: .buffer(16), found: value))
            }
            let isLittle = word == .buffToIntLE || word == .buffToUIntLE
            let number = (isLittle ? bytes.reversed() : bytes).reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
            return word == .buffToIntLE || word == .buffToIntBE ? .int(Int128(bitPattern: number)) : .uint(number)
        case .stringToInt: return try text(of: value).flatMap { Int128($0) }.map { .some(.int($0)) } ?? .none
        case .stringToUInt:
            // A sign of minus is refused even before zero.
            guard let digits = try text(of: value), !digits.hasPrefix("-"), let number = UInt128(digits) else {
                return .none
            }
            return .some(.uint(number))
        case .intToASCII: return .ascii(Array(try digits(of: value).utf8))
        case .intToUTF8: return .utf8(Array(try digits(of: value).unicodeScalars))
        case .toASCII: return try ascii(value)
        case .toConsensusBuff:
            try meter.charge(value.weight / 16)
            let bytes = value.encoded
            return bytes.count > ClarityValue.maximumSize ? .none : .some(.buffer(bytes))
        default: throw .illTyped
        }
    }

    private mutating func text(of value: ClarityValue) throws(Interruption) -> String? {
        switch value {
        case .ascii(let bytes):
            try meter.charge(bytes: bytes.count)
            return String(decoding: bytes, as: UTF8.self)
        case .utf8(let scalars):
            try meter.charge(bytes: 4 * scalars.count)
            // A number has ASCII digits only.
            return scalars.allSatisfy(\.isASCII) ? String(String.UnicodeScalarView(scalars)) : nil
        default: throw .illTyped
        }
    }

    private func digits(of value: ClarityValue) throws(Interruption) -> String {
        switch value {
        case .int(let number): return String(number)
        case .uint(let number): return String(number)
        default: throw .illTyped
        }
    }

    /// The value as a person would write it, in a response.
    private mutating func ascii(_ value: ClarityValue) throws(Interruption) -> ClarityValue {
        switch value {
        case .int, .bool, .uint, .principal: return .ok(.ascii(Array(value.description.utf8)))
        case .buffer(let bytes):
            try meter.charge(bytes: 3 * bytes.count)
            return .ok(.ascii(Array(Hex.encode(bytes).utf8)))
        case .utf8(let scalars):
            try meter.charge(bytes: 5 * scalars.count)
            let bytes = scalars.compactMap { $0.isASCII ? UInt8(truncatingIfNeeded: $0.value) : nil }
            guard bytes.count == scalars.count, bytes.allSatisfy(ClarityValue.isASCIIText) else {
                return .err(.uint(1))
            }
            return .ok(.ascii(bytes))
        default: throw .illTyped
        }
    }
}
