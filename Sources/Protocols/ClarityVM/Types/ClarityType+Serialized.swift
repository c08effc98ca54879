// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ClarityType {
    /// The length of the longest consensus encoding of a value, in bytes, or `nil` when the type is unknown.
    ///
    /// - Source: SIP-005, "Clarity value representation".
    var serializedSize: Int? {
        switch self {
        case .noType: return nil
        case .int, .uint: return 17
        case .bool: return 1
        // Kind, version, hash, length and the longest name that the format holds.
        case .principal, .callable, .union: return 1 + 1 + 20 + 1 + 128
        case .buffer(let length), .ascii(let length): return 5 + length
        case .utf8(let length): return 5 + 4 * length
        case .list(let list): return list.entry.serializedSize.map { 5 + $0 * list.maximumLength }
        case .tuple(let tuple):
            var size = 5
            for field in tuple.fields {
                guard let value = field.type.serializedSize else { return nil }
                size += 1 + field.name.text.utf8.count + value
            }
            return size
        case .optional(let optional): return 1 + (optional.wrapped.serializedSize ?? 0)
        case .response(let response):
            guard let largest = [response.ok, response.err].compactMap(\.serializedSize).max() else { return nil }
            return 1 + largest
        }
    }
}
