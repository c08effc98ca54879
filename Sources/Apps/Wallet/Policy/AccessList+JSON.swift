// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

extension AccessList {
    /// Reads `{"allow": […], "deny": […]}`; a list that is not there stays as it stands by default.
    init(_ member: PolicyMember, rule: String, read: (String) -> Item?) throws(PolicyFileError) {
        try member.onlyHas(["allow", "deny"])
        self.init(
            allowed: try member["allow"]?.items(rule, read: read),
            denied: try member["deny"]?.items(rule, read: read) ?? [])
    }

    /// `nil` for a list that forbids nothing.
    var json: JSON? {
        guard allowed != nil || !denied.isEmpty else { return nil }
        return .object(["allow": allowed.map(Self.json), "deny": denied.isEmpty ? nil : Self.json(denied)])
    }

    /// The items as texts in order, so that the same list is always written the same.
    static func json(_ items: Set<Item>) -> JSON { .array(items.map { "\($0)" }.sorted().map { .string($0) }) }
}
