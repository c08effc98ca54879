// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension Multiaddr: CustomStringConvertible, LosslessStringConvertible {
    /// Reads an address, or answers `nil`; see ``init(text:)`` for the reason.
    public init?(_ description: String) { try? self.init(text: description) }

    /// Reads `/name/value/name/value…`.
    ///
    /// `/ipfs/` is an old name of `/p2p/`. A slash at the end is not allowed.
    public init(text: String) throws(MultiaddrError) {
        guard text.utf8.first == UInt8(ascii: "/") else { throw .noSlash }
        guard text.utf8.count <= Self.mostBytes else { throw .tooLong(limit: Self.mostBytes) }
        // By bytes: to Swift a slash with an accent upon it is another letter, and would end up inside of a value.
        var words = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
            .map { String(decoding: $0, as: UTF8.self) }[...]
        var parts: [Part] = []
        while let name = words.popFirst() {
            if let flag = Part(flag: name) {
                parts.append(flag)
                continue
            }
            guard Part.namesWithValue.contains(name) else { throw .unknownProtocol(name) }
            // A path of a socket is all that follows, since it has slashes of its own.
            let value = name == "unix" ? words.joined(separator: "/") : words.popFirst() ?? ""
            if name == "unix" { words = [] }
            guard let part = Part(name: name, value: value) else { throw .badValue(protocol: name) }
            parts.append(part)
        }
        try self.init(parts)
    }

    public var description: String { parts.map { "/" + $0.text }.joined() }
}

extension Multiaddr.Part {
    static let namesWithValue: Set<String> = [
        "ip4", "ip6", "ip6zone", "dns", "dns4", "dns6", "dnsaddr", "tcp", "udp", "p2p", "ipfs", "unix",
    ]

    /// A protocol without a value.
    fileprivate init?(flag name: String) {
        switch name {
        case "p2p-circuit": self = .circuit
        case "tls": self = .tls
        case "quic": self = .quic
        case "quic-v1": self = .quicV1
        case "ws": self = .ws
        case "wss": self = .wss
        default: return nil
        }
    }

    fileprivate init?(name: String, value: String) {
        switch name {
        case "ip4":
            guard let address = IPAddress(version4: value) else { return nil }
            self = .ip4(address)
        case "ip6":
            guard let address = IPAddress(version6: value) else { return nil }
            self = .ip6(address)
        case "tcp":
            guard let port = Self.port(value) else { return nil }
            self = .tcp(port)
        case "udp":
            guard let port = Self.port(value) else { return nil }
            self = .udp(port)
        case "p2p", "ipfs":
            guard let peer = PeerID(value) else { return nil }
            self = .p2p(peer)
        case "dns": self = .dns(value)
        case "dns4": self = .dns4(value)
        case "dns6": self = .dns6(value)
        case "dnsaddr": self = .dnsaddr(value)
        case "ip6zone": self = .ip6zone(value)
        case "unix": self = .unix(value)
        default: return nil
        }
        guard !value.isEmpty else { return nil }
    }

    private static func port(_ text: String) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt16(text)
    }

    fileprivate var text: String {
        switch self {
        case .ip4(let address): "ip4/\(address)"
        case .ip6(let address): "ip6/\(address)"
        case .ip6zone(let zone): "ip6zone/\(zone)"
        case .dns(let name): "dns/\(name)"
        case .dns4(let name): "dns4/\(name)"
        case .dns6(let name): "dns6/\(name)"
        case .dnsaddr(let name): "dnsaddr/\(name)"
        case .tcp(let port): "tcp/\(port)"
        case .udp(let port): "udp/\(port)"
        case .p2p(let peer): "p2p/\(peer)"
        case .unix(let path): "unix/\(path)"
        case .circuit: "p2p-circuit"
        case .tls: "tls"
        case .quic: "quic"
        case .quicV1: "quic-v1"
        case .ws: "ws"
        case .wss: "wss"
        }
    }
}
