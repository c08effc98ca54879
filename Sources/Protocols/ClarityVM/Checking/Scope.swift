// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// The local names that are known at a place of a contract.
///
/// Names are taken back when their place is left, one by one: nothing is copied, however many there are around.
struct Scope {
    /// A point to which the names can be taken back.
    struct Mark {
        fileprivate let changes: Int
    }

    private struct Change {
        let name: ClarityName
        let variable: ClarityType?
        let trait: TraitIdentifier?
    }

    private(set) var variables: [ClarityName: ClarityType] = [:]
    /// Names for values behind trait references, which can be called.
    private(set) var traits: [ClarityName: TraitIdentifier] = [:]
    private var changes: [Change] = []

    /// The names as they are now.
    var mark: Mark { Mark(changes: changes.count) }

    /// Adds a name; one for a trait reference can be called.
    mutating func bind(_ name: ClarityName, to type: ClarityType) {
        changes.append(Change(name: name, variable: variables[name], trait: traits[name]))
        if case .callable(.trait(let trait)) = type {
            traits[name] = trait
        } else {
            variables[name] = type
        }
    }

    /// Adds a name that cannot be called, whatever its type.
    mutating func bindVariable(_ name: ClarityName, to type: ClarityType) {
        changes.append(Change(name: name, variable: variables[name], trait: traits[name]))
        variables[name] = type
    }

    /// Takes back all names that were added since `mark`.
    mutating func leave(to mark: Mark) {
        while changes.count > mark.changes, let change = changes.popLast() {
            variables[change.name] = change.variable
            traits[change.name] = change.trait
        }
    }
}
