// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What a person is asked before a payment is made.
public enum Question: Hashable, Sendable {
    /// The host was never paid before.
    case newHost(String)
    /// The price is above `askAbove`.
    case above(LimitExcess)
    /// The deposit is above `askForDepositsAbove`.
    case deposit(LimitExcess)

    /// One sentence that can be answered with yes or no.
    public var text: String {
        switch self {
        case .newHost(let host): "Pay \(host), which was never paid before?"
        case .above(let excess):
            "Pay up to \(excess.shownAsked), which is above \(excess.member) (\(excess.shownLimit))?"
        case .deposit(let excess):
            "Lock a deposit of \(excess.shownAsked), which is above \(excess.member) (\(excess.shownLimit))?"
        }
    }

    /// The member of the policy file because of which it is asked.
    var member: String {
        switch self {
        case .newHost: "askForNewHosts"
        case .above(let excess), .deposit(let excess): excess.member
        }
    }
}
