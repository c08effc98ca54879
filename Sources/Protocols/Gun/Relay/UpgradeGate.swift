// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOHTTP1

/// Which HTTP requests become a connection, and what the others are answered.
struct UpgradeGate: Sendable {
    struct Refusal: Error, Equatable, Sendable {
        let status: HTTPResponseStatus
        let text: String
    }

    let path: String
    /// Names that `Host` may have, without ports; `nil` for any.
    let hosts: Set<String>?
    /// Which origins are let in; `nil` for any.
    ///
    /// Whoever sends no `Origin` is no browser, and is let in.
    let origins: Set<String>?

    /// Why this request is refused; `nil` when it may become a connection.
    func refusal(of head: HTTPRequestHead) -> Refusal? {
        let target = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard target.first.map(String.init) == path else {
            return Refusal(status: .notFound, text: "GUN is spoken at \(path).")
        }
        guard target.count == 1 else {
            return Refusal(status: .badRequest, text: "GUN is spoken at \(path), without a query.")
        }
        guard head.method == .GET else {
            return Refusal(status: .methodNotAllowed, text: "GUN is spoken over WebSocket, which starts with GET.")
        }
        if let hosts {
            let host = head.headers.first(name: "host").map(Self.name) ?? ""
            guard hosts.contains(host) else {
                return Refusal(status: .misdirectedRequest, text: "This relay has another name.")
            }
        }
        if let origins, let origin = head.headers.first(name: "origin"), !origins.contains(origin) {
            return Refusal(status: .forbidden, text: "Pages of this origin are not let in.")
        }
        guard head.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" }) else {
            return Refusal(status: .upgradeRequired, text: "GUN is spoken over WebSocket.")
        }
        return nil
    }

    private static func name(_ host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[...end]).lowercased() }
        return String(host.prefix { $0 != ":" }).lowercased()
    }
}
