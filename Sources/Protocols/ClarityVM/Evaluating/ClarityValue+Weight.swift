// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ClarityValue {
    /// About how many bytes the value takes in consensus: what copying, hashing or keeping it is charged by.
    var weight: Int {
        switch self {
        case .bool, .none: 1
        case .int, .uint: 17
        case .buffer(let bytes), .ascii(let bytes): 5 + bytes.count
        case .utf8(let scalars): 5 + 4 * scalars.count
        case .principal: 64
        case .list(let entries): entries.reduce(5) { $0 + $1.weight }
        case .tuple(let tuple): tuple.values.reduce(5) { $0 + 8 + $1.weight }
        case .some(let inner), .ok(let inner), .err(let inner): 1 + inner.weight
        }
    }

    /// The number of entries, bytes or characters.
    var sequenceCount: Int {
        get throws(Interruption) {
            switch self {
            case .list(let entries): return entries.count
            case .buffer(let bytes), .ascii(let bytes): return bytes.count
            case .utf8(let scalars): return scalars.count
            default: throw .illTyped
            }
        }
    }

    /// The entry at a place that is within; those of buffers and strings are buffers and strings of length one.
    func sequenceEntry(_ place: Int) throws(Interruption) -> ClarityValue {
        switch self {
        case .list(let entries): return entries[place]
        case .buffer(let bytes): return .buffer([bytes[place]])
        case .ascii(let bytes): return .ascii([bytes[place]])
        case .utf8(let scalars): return .utf8([scalars[place]])
        default: throw .illTyped
        }
    }
}
