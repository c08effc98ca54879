// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingHTTP402
import FarthingPrimitives

/// What decides on what a request costs.
extension Decoder {
    static let routes = [requestPath, pathPattern, settlementOverrides]

    private static let requestPath = text("request-path") { text in
        guard let path = RequestPath(text) else { return false }
        for segment in path.segments {
            let isPlain = segment.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && !"/\\;?#%".utf8.contains($0) }
            try BrokenPromise.unless(isPlain && !["", ".", ".."].contains(segment), "segment '\(segment)'")
        }
        try BrokenPromise.unless(RequestPath(path.spelled), equals: path, "path")
        try BrokenPromise.unless(RequestPath(path.spelled + "?a=/b#c"), equals: path, "with a query")
        return true
    }

    /// A pattern, a line feed, and a path.
    private static let pathPattern = text("path-pattern") { text in
        let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard let pattern = PathPattern(String(parts[0])) else { return false }
        try BrokenPromise.unless(PathPattern("\(pattern)"), equals: pattern, "pattern")
        guard parts.count == 2, let path = RequestPath(String(parts[1])) else { return false }
        let wanted = RequestPath("\(pattern)")?.segments ?? []
        try BrokenPromise.unless(
            pattern.matches(path), equals: fits(wanted[...], path.segments[...]), "\(pattern) and \(path)")
        return true
    }

    /// The rule once more, written another way.
    private static func fits(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == "**", pattern.count == 1 { return true }
        guard let part = path.first, first == "*" || first == part else { return false }
        return fits(pattern.dropFirst(), path.dropFirst())
    }

    private static let settlementOverrides = text("settlement-overrides") { text in
        var isRead = false
        for ceiling in [Amount.zero, Amount(units: 1000), .max] {
            guard let price = SettlementOverrides.price(from: text, ceiling: ceiling, decimals: 6) else { continue }
            try BrokenPromise.unless(price <= ceiling, "\(price) of \(ceiling)")
            isRead = true
        }
        return isRead
    }
}

extension RequestPath {
    /// Every byte that is no letter or digit percent-encoded, save those that may not be hidden.
    fileprivate var spelled: String {
        "/"
            + segments.map { segment in
                segment.utf8.map { byte in
                    let isPlain = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                    return isPlain ? String(UnicodeScalar(byte)) : "%" + Hex.digits([byte])
                }
                .joined()
            }
            .joined(separator: "/")
    }
}
