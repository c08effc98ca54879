// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes

/// Headers that are meant for the next hop alone.
///
/// - Source: RFC 9110, section 7.6.1.
enum HopByHop {
    /// The names that must not be handed on: the standard ones, and those that `Connection` lists.
    static func names(in fields: HTTPFields) -> Set<HTTPField.Name> {
        var names = standard
        for value in fields[values: .connection] {
            for token in value.split(separator: ",") {
                let trimmed = token.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
                if let name = HTTPField.Name(String(trimmed)) { names.insert(name) }
            }
        }
        return names
    }

    private static let standard: Set<HTTPField.Name> = {
        var names: Set<HTTPField.Name> = [.connection, .proxyAuthenticate, .proxyAuthorization, .te, .trailer]
        names.formUnion([.transferEncoding, .upgrade])
        names.formUnion(["Keep-Alive", "Proxy-Connection"].compactMap { HTTPField.Name($0) })
        return names
    }()
}
