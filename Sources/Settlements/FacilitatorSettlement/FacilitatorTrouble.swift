// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why there is no answer from a facilitator, told apart by what it may have done.
enum FacilitatorTrouble: Error, Hashable {
    /// It never got the request.
    case notSent(String)
    /// It answered that it will not look at the request now; `retry` when it may later.
    case turnedAway(String, retry: Bool)
    /// It may have got the request, and may have done what it asks for.
    case unknown(String)
    case cancelled

    var reason: String {
        switch self {
        case .notSent(let reason), .turnedAway(let reason, _), .unknown(let reason): reason
        case .cancelled: "the work was cancelled"
        }
    }

    /// Whether asking again may help.
    var isPassing: Bool {
        switch self {
        case .notSent, .unknown, .turnedAway(_, retry: true): true
        case .turnedAway(_, retry: false), .cancelled: false
        }
    }
}
