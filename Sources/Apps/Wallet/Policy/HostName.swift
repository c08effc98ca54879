// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A host as URLs write it, taken apart: `[::1]:8080` is the name `::1` and the port 8080.
///
/// The name is in lower case and without the dot of a fully qualified name, so that `Example.COM.` cannot slip past a
/// rule for `example.com`.
///
/// - Source: RFC 3986, sections 3.2.2 (host) and 3.2.3 (a port may be empty); RFC 1034, section 3.1 (the final dot).
struct HostName: Hashable {
    let name: String
    let port: UInt16?

    /// Reads any text; what is no host comes out as a name that no pattern matches.
    init(_ text: String) {
        let text = text.lowercased()
        var name = Substring(text)
        var port: UInt16?
        if text.hasPrefix("["), let end = text.lastIndex(of: "]") {
            let rest = text[text.index(after: end)...]
            port = rest.first == ":" ? Self.port(rest.dropFirst()) : nil
            if rest.isEmpty || rest == ":" || port != nil { name = text[..<end].dropFirst() }
        } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            let rest = text[text.index(after: colon)...]
            port = Self.port(rest)
            if rest.isEmpty || port != nil { name = text[..<colon] }
        }
        self.name = String(name.last == "." ? name.dropLast() : name)
        self.port = port
    }

    /// Whether what is sent there does not leave the machine.
    var isLoopback: Bool { ["127.0.0.1", "::1", "localhost"].contains(name) }

    private static func port(_ text: Substring) -> UInt16? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return UInt16(text)
    }
}
