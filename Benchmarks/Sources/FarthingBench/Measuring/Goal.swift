// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What is hoped for.
///
/// Missing it is told and nothing else: time is no test.
enum Goal: Sendable {
    case atLeast(Double)
    case atMost(Double)

    func isMet(by number: Double) -> Bool {
        switch self {
        case .atLeast(let least): number >= least
        case .atMost(let most): number <= most
        }
    }

    var value: Double {
        switch self {
        case .atLeast(let value), .atMost(let value): value
        }
    }
}
