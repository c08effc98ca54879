// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What is allowed and what is denied; to be denied counts more.
public struct AccessList<Item: Hashable & Sendable>: Hashable, Sendable {
    /// `nil` allows everything that is not denied; an empty set allows nothing.
    public var allowed: Set<Item>?
    public var denied: Set<Item>

    public init(allowed: Set<Item>? = nil, denied: Set<Item> = []) {
        self.allowed = allowed
        self.denied = denied
    }

    /// Why something is not let through, if it is not.
    ///
    /// - Parameter matches: Whether an item of the list is about the thing asked for.
    func fault(_ matches: (Item) -> Bool) -> AccessFault? {
        if denied.contains(where: matches) { return .denied }
        guard let allowed, !allowed.contains(where: matches) else { return nil }
        return .notAllowed
    }
}
