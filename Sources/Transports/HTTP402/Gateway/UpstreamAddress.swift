// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The address of an upstream as an operator writes it: scheme, host, port if needed, and a path if needed.
struct UpstreamAddress {
    /// The address without a slash at the end, so that a request's path can follow.
    let text: String
    /// The address as it may be told and logged: a path may hold a key, so `…` stands for it.
    let shown: String

    init?(_ text: String) {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else { return nil }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        guard Self.isAuthority(authority), !path.contains(where: { "?#;".contains($0) }),
            path.isEmpty || RequestPath(String(path)) != nil
        else { return nil }
        self.text = text
        shown = scheme + authority + (path.isEmpty ? "" : "…")
    }

    /// A name, an IPv4 address or an IPv6 address in brackets, then perhaps a port; never a user.
    private static func isAuthority(_ text: Substring) -> Bool {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return false }
            let address = text[text.index(after: text.startIndex)..<end]
            return !address.isEmpty && address.allSatisfy { $0 == ":" || $0 == "." || ($0.isASCII && $0.isHexDigit) }
                && isPort(text[text.index(after: end)...])
        }
        let host = text.prefix { $0 != ":" }
        return !host.isEmpty && host.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
            && isPort(text.dropFirst(host.count))
    }

    /// Nothing, or a colon and a number from 1 through 65535.
    private static func isPort(_ text: Substring) -> Bool {
        guard text.hasPrefix(":") else { return text.isEmpty }
        let digits = text.dropFirst()
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(digits) else { return false }
        return port > 0
    }
}
