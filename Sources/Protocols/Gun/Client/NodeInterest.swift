// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Which keys of a node are waited for, and how often.
struct NodeInterest: Sendable {
    /// How often the whole node is.
    private var whole = 0
    private var keys: [NodeKey: Int] = [:]
    private var patterns: [Lex: Int] = [:]

    var isEmpty: Bool { whole == 0 && keys.isEmpty && patterns.isEmpty }

    func wants(_ key: NodeKey) -> Bool {
        whole > 0 || keys[key] != nil || patterns.keys.contains { $0.matches(key.text) }
    }

    mutating func retain(_ query: KeyQuery) {
        switch query {
        case .all: whole += 1
        case .exactly(let key): keys[key, default: 0] += 1
        case .matching(let lex): patterns[lex, default: 0] += 1
        }
    }

    mutating func release(_ query: KeyQuery) {
        switch query {
        case .all: whole = max(0, whole - 1)
        case .exactly(let key): Self.lower(&keys[key])
        case .matching(let lex): Self.lower(&patterns[lex])
        }
    }

    private static func lower(_ count: inout Int?) {
        if let known = count { count = known > 1 ? known - 1 : nil }
    }
}
