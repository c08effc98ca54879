// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// The local names that are known at a place of a contract.
struct Scope {
    var variables: [ClarityName: ClarityType] = [:]
    /// Names for values behind trait references, which can be called.
    var traits: [ClarityName: TraitIdentifier] = [:]

    /// Adds a name; since Clarity 2 one for a trait reference can be called like a parameter.
    mutating func bind(_ name: ClarityName, to type: ClarityType, in version: ClarityVersion) {
        if version >= .clarity2, case .callable(.trait(let trait)) = type {
            traits[name] = trait
        } else {
            variables[name] = type
        }
    }
}
