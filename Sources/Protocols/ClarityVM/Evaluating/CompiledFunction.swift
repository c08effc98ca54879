// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// A function that is ready to run.
struct CompiledFunction: Sendable {
    enum Access: Sendable {
        case `private`
        case `public`
        case readOnly
    }

    let name: ClarityName
    let index: Int
    let access: Access
    let parameters: [(name: ClarityName, type: ClarityType)]
    /// How many locals a call needs, parameters included.
    let slotCount: Int
    let body: Code
}
