// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

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
