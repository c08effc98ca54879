// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingHTTP402
import Logging

extension PaymentNode {
    /// Says which routes have a method that nobody has registered: HTTP has room for others, but most are misspelt, and
    /// what such a route sells is then sold by a later one, or not served.
    func warnOfUnknownMethods() {
        let methods = configuration.prices.routes.reduce(into: Set<String>()) { $0.formUnion($1.methods ?? []) }
        let unknown = methods.subtracting(Self.registeredMethods).sorted()
        guard !unknown.isEmpty else { return }
        logger.warning(
            "Routes have methods that HTTP's registry does not: see that they are not misspelt",
            metadata: ["methods": "\(unknown.joined(separator: ","))"])
    }

    /// - Source: IANA, Hypertext Transfer Protocol (HTTP) Method Registry, without `*`, which is no method.
    private static let registeredMethods: Set<String> = [
        "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY", "DELETE", "GET", "HEAD", "LABEL",
        "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "OPTIONS",
        "ORDERPATCH", "PATCH", "POST", "PRI", "PROPFIND", "PROPPATCH", "PUT", "QUERY", "REBIND", "REPORT", "SEARCH",
        "TRACE", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
    ]
}
