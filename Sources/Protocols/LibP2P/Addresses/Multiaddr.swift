// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A network address that names every protocol on the way, such as `/ip4/127.0.0.1/tcp/4001/p2p/12D3Koo…`.
///
/// - Unit: in bytes, uvarint code ‖ value, again and again.
/// - Range: at most 16 protocols and 1024 bytes.
/// - Source: multiformats/multiaddr; the codes are in its `protocols.csv`.
public struct Multiaddr: Hashable, Sendable {
    /// One protocol with its value.
    @nonexhaustive
    public enum Part: Hashable, Sendable {
        case ip4(IPAddress)
        case ip6(IPAddress)
        case ip6zone(String)
        case dns(String)
        case dns4(String)
        case dns6(String)
        case dnsaddr(String)
        case tcp(UInt16)
        case udp(UInt16)
        case p2p(PeerID)
        case unix(String)
        case circuit
        case tls
        case quic
        case quicV1
        case ws
        case wss
    }

    public static let mostParts = 16
    public static let mostBytes = 1024

    public let parts: [Part]

    /// - Throws: ``MultiaddrError/noSlash`` for no parts at all, ``MultiaddrError/tooManyParts(limit:)``,
    ///   ``MultiaddrError/badValue(protocol:)`` for a socket's path before the end, since in text it takes all that
    ///   follows.
    public init(_ parts: [Part]) throws(MultiaddrError) {
        guard !parts.isEmpty else { throw .noSlash }
        guard parts.count <= Self.mostParts else { throw .tooManyParts(limit: Self.mostParts) }
        for case .unix in parts.dropLast() { throw .badValue(protocol: "unix") }
        self.parts = parts
    }

    private init(unchecked parts: [Part]) { self.parts = parts }

    /// `/ip4/…/tcp/…` or `/ip6/…/tcp/…`.
    public init(_ address: IPAddress, tcp port: UInt16) {
        parts = [address.isVersion4 ? .ip4(address) : .ip6(address), .tcp(port)]
    }

    /// The peer that is named last, or `nil`.
    public var peer: PeerID? {
        if case .p2p(let peer) = parts.last { peer } else { nil }
    }

    /// The same address with `peer` at the end, in place of another that stood there.
    public func naming(_ peer: PeerID) -> Multiaddr { Multiaddr(unchecked: withoutPeer.parts + [.p2p(peer)]) }

    /// The same address without a peer at the end; an address that is only a peer stays as it is.
    public var withoutPeer: Multiaddr {
        guard peer != nil, parts.count > 1 else { return self }
        return Multiaddr(unchecked: parts.dropLast())
    }

    /// Host and port, when this is plain TCP over IP or a name, with or without a peer.
    public var tcpEndpoint: TCPEndpoint? {
        let path = withoutPeer.parts
        guard path.count == 2, case .tcp(let port) = path[1] else { return nil }
        return switch path[0] {
        case .ip4(let address), .ip6(let address): TCPEndpoint(host: .address(address), port: port)
        case .dns(let name): TCPEndpoint(host: .name(name, family: nil), port: port)
        case .dns4(let name): TCPEndpoint(host: .name(name, family: 4), port: port)
        case .dns6(let name): TCPEndpoint(host: .name(name, family: 6), port: port)
        default: nil
        }
    }
}

/// Where a TCP connection goes to.
public struct TCPEndpoint: Hashable, Sendable {
    public enum Host: Hashable, Sendable {
        case address(IPAddress)
        /// A name to be resolved, only to addresses of the given version of IP when there is one.
        case name(String, family: Int?)
    }

    public let host: Host
    public let port: UInt16

    public init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }
}
