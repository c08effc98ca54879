// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Which hosts a rule is about.
///
/// - `api.example.com` is that host, on every port;
/// - `*.example.com` are its subdomains, at any depth, but not `example.com` itself;
/// - `api.example.com:8443` is that host on that port only; `*.example.com:8443` works too;
/// - `[::1]:8080` is an IPv6 address with a port, `::1` one without.
public struct HostPattern: Hashable, Sendable {
    private let name: String
    private let coversSubdomains: Bool
    private let port: UInt16?

    /// Reads a pattern of any case; anything else, such as a URL or a lone `*`, is `nil`.
    public init?(_ text: String) {
        coversSubdomains = text.hasPrefix("*.")
        let rest = coversSubdomains ? String(text.dropFirst(2)) : text
        let host = HostName(rest)
        guard Self.isName(host.name) || !coversSubdomains && Self.isIPv6(host.name) else { return nil }
        name = host.name
        port = host.port
    }

    /// - Parameters:
    ///   - host: A host in the form of ``PaymentIntent/host``.
    ///   - isEncrypted: Decides which port is meant when the host names none: 443 or 80.
    public func matches(_ host: String, isEncrypted: Bool) -> Bool {
        let host = HostName(host)
        guard port == nil || port == host.port ?? (isEncrypted ? 443 : 80) else { return false }
        return coversSubdomains ? host.name.hasSuffix(".\(name)") : host.name == name
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                !label.isEmpty && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
            }
    }

    /// A dot at the end would be taken off when the pattern is read again.
    private static func isIPv6(_ text: String) -> Bool {
        text.utf8.count <= 45 && text.last != "." && text.count { $0 == ":" } >= 2
            && text.utf8.allSatisfy { "0123456789abcdef:.".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "_")
    }
}

extension HostPattern: CustomStringConvertible {
    public var description: String {
        let host = port != nil && name.contains(":") ? "[\(name)]" : name
        return (coversSubdomains ? "*." : "") + host + (port.map { ":\($0)" } ?? "")
    }
}
