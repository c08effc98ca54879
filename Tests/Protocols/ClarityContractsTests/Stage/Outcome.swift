// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// What came of a call.
enum Outcome: Equatable, CustomStringConvertible {
    case ok(ClarityValue)
    /// The number with which the contract refused; nothing has changed then.
    case err(UInt128)
    /// A runtime error, or a post-condition that did not hold: nothing has changed.
    case aborted(String)

    var ok: ClarityValue? {
        if case .ok(let value) = self { value } else { nil }
    }

    var isAborted: Bool {
        if case .aborted = self { true } else { false }
    }

    /// Without what was answered, to count.
    var brief: String {
        switch self {
        case .ok: "ok"
        case .err(let code): "err u\(code)"
        case .aborted(let reason): "aborted \(reason)"
        }
    }

    var description: String {
        switch self {
        case .ok(let value): "(ok \(value))"
        case .err(let code): "(err u\(code))"
        case .aborted(let reason): "aborted: \(reason)"
        }
    }
}
