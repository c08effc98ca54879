// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingLibP2P
import Foundation

/// Where a peer is, and what is asked for there: `/ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…/http-path/weather`.
///
/// - Source: multiformats/multiaddr, `http-path`: the path without its first slash, percent-encoded, at the end.
public struct PeerLocation: Hashable, Sendable {
    /// With the peer at its end.
    public let address: Multiaddr
    public let peer: PeerID
    /// Path and query.
    public let target: String

    static let pathPart = "/http-path/"

    public init(_ text: String) throws(PeerLocationError) {
        var place = text
        target = try {
            () throws(PeerLocationError) -> String in
            guard let range = text.range(of: Self.pathPart) else { return "/" }
            place = String(text[..<range.lowerBound])
            guard let path = String(text[range.upperBound...]).removingPercentEncoding else { throw .path(text) }
            let target = "/" + path
            guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .path(text) }
            return target
        }()
        do { address = try Multiaddr(text: place) } catch { throw .address(place) }
        guard let peer = address.peer, address.tcpEndpoint != nil else { throw .noPeer(place) }
        self.peer = peer
    }

    /// `libp2p://12D3KooW…/weather`.
    public var url: String { "\(PeerURL.scheme)://\(peer)\(target)" }
}

/// Why a text says not where a peer is.
public enum PeerLocationError: ExplainedError, Hashable {
    case address(String)
    case noPeer(String)
    case path(String)

    public var code: String {
        switch self {
        case .address: "peer.address"
        case .noPeer: "peer.no-peer"
        case .path: "peer.path"
        }
    }

    public var message: String {
        switch self {
        case .address(let text): "'\(text.prefix(200))' is no multiaddr."
        case .noPeer(let text): "'\(text.prefix(200))' names no TCP address with a peer behind it."
        case .path(let text): "The path at the end of '\(text.prefix(200))' cannot be read."
        }
    }

    public var remedy: String? { "Write it as /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…/http-path/weather." }
}

/// `libp2p://PEER/PATH`, taken apart.
struct PeerURL: Hashable {
    static let scheme = "libp2p"
    let peer: PeerID
    let target: String

    init?(_ text: String) {
        let head = "\(Self.scheme)://"
        guard text.lowercased().hasPrefix(head) else { return nil }
        let rest = text.dropFirst(head.count)
        let name = rest.prefix { $0 != "/" && $0 != "?" }
        guard let peer = PeerID(String(name)) else { return nil }
        let target = rest[name.endIndex...]
        self.peer = peer
        self.target = target.first == "/" ? String(target) : "/" + target
    }
}
