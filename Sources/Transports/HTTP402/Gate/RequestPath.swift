// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// The path of a request, if all servers read it the same way.
///
/// Dot segments, empty segments, backslashes and encoded separators are read differently by different servers.
/// Such a path could be cheap here and something dear at the upstream, so it is not taken at all. What is left is
/// compared with its percent-encoding undone and its `;parameters` cut off, as an upstream may do.
public struct RequestPath: Hashable, Sendable {
    public let segments: [String]

    /// - Parameter target: The request target, with or without its query.
    /// - Returns: `nil` when it is not one that everybody reads alike.
    public init?(_ target: String) {
        let path = target.prefix { $0 != "?" && $0 != "#" }
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !path.contains("\\") else {
            return nil
        }
        var parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        if parts.last == "" { parts.removeLast() }
        var segments: [String] = []
        for part in parts {
            // A separator hidden in the parameters is one for a server that looks at all of the path at once. They are
            // cut off while all is ASCII: an accent upon the semicolon would make another character of it.
            guard Self.decoded(part) != nil, let segment = Self.decoded(part.prefix { $0 != ";" }), !segment.isEmpty,
                segment != ".", segment != ".."
            else { return nil }
            segments.append(segment)
        }
        self.segments = segments
    }

    /// Undoes percent-encoding; `nil` when it is broken, or hides a separator or a control character.
    private static func decoded(_ part: Substring) -> String? {
        guard part.contains("%") else { return String(part) }
        var bytes: [UInt8] = []
        var rest = part.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value) else {
                return nil
            }
            let value = high << 4 | low
            // A space is a plain part of a name.
            guard value >= 0x20, value != 0x7F, !separators.contains(value) else { return nil }
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// What ends a segment or the path for a server that looks only after undoing the encoding, and `%` itself,
    /// which a careless server would undo twice.
    private static let separators = Array("/\\;?#%".utf8)
}
