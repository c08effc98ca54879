// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingHTTP402

extension NodeConfiguration {
    /// Where requests go, as it may be told and logged: a path may hold a key, so `…` stands for it.
    public var shownUpstream: String { Gateway.shown(upstream) }

    /// The facilitator's address in the same way.
    public var shownFacilitator: String? { facilitator.map { Setting.shown($0, of: Setting.facilitator.rawValue) } }
}

extension Setting {
    /// Whether it is the address of a service, in which a password or a key may stand.
    private var isURL: Bool {
        switch self {
        case .upstream, .facilitator, .gun, .rpc, .publicUrl: true
        default: false
        }
    }

    /// A setting's value as it may be told and logged.
    ///
    /// Of an address that is the scheme, the host and the port, up to what could hold a secret: `https://h:1/KEY` is
    /// `https://h:1…`. Where it cannot be told which part is the host, nothing of it is shown.
    ///
    /// - Parameter key: The setting's name.
    static func shown(_ value: String, of key: String) -> String {
        guard !value.isEmpty, Setting(rawValue: key)?.isURL ?? false else { return value }
        let scheme = value.prefix { $0.isASCII && $0.isLetter }
        let start = value.dropFirst(scheme.count).hasPrefix("://") ? scheme + "://" : ""
        let rest = value.dropFirst(start.count)
        let host = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
        let isPort = rest.dropFirst(host.count).hasPrefix(":")
        let digits = rest.dropFirst(host.count + (isPort ? 1 : 0)).prefix { isPort && $0.isASCII && $0.isNumber }
        let end = rest.dropFirst(host.count + (isPort ? 1 : 0) + digits.count)
        guard !value.contains("@"), !host.isEmpty, end.first.map({ "/?#,".contains($0) }) ?? true else { return "…" }
        return "\(start)\(host)\(isPort ? ":" : "")\(digits)\(end.isEmpty ? "" : "…")"
    }
}
