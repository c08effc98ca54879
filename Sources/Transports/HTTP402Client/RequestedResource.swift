// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// What is asked for, as far as it matters to whoever decides whether to pay.
public struct RequestedResource: Hashable, Sendable {
    public let method: String
    public let url: String
    /// In lower case, with the port when it is not the scheme's own: `api.example.com`, `127.0.0.1:4020`.
    public let host: String
    /// The same for people: a peer's id or key keeps its case.
    public let shownHost: String
    public let isEncrypted: Bool
    /// `http`, `https`, `libp2p` or `gun`.
    public let scheme: String
    /// The path without the query: what it is sold under.
    public let path: String
    /// Whether more payments for it follow before this one is answered, as with a stream that is paid ahead.
    public var isPaidAhead = false

    /// With `libp2p://` and `gun://` the host is a peer's id or key, which no two share in lower case either.
    ///
    /// - Throws: ``PayingError/badURL(_:)`` for anything but `http://HOST…`, `https://HOST…`, `libp2p://PEER…` and
    ///   `gun://KEY…`.
    public init(method: String, url: String) throws(PayingError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            ["http", "https", "libp2p", "gun"].contains(scheme), let name = parts.host?.lowercased(), !name.isEmpty,
            parts.user == nil, parts.password == nil
        else { throw .badURL(String(url.prefix(200))) }
        self.method = method
        self.url = url
        self.scheme = scheme
        // Peers encrypt whatever they say, and prove who they are.
        isEncrypted = scheme != "http"
        let usual = isEncrypted ? 443 : 80
        host = parts.port.flatMap { $0 == usual ? nil : "\(name):\($0)" } ?? name
        shownHost = ["libp2p", "gun"].contains(scheme) ? parts.host ?? name : host
        path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
    }

    /// Under what an offer is remembered: what is sold does not depend on the query.
    public var key: String { "\(method) \(scheme)://\(host)\(path)" }
}
