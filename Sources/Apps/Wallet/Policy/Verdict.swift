// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What a spending policy says about a payment.
public enum Verdict: Hashable, Sendable {
    case allowed
    /// A person must say yes to every one of these, at least one, before anything is signed.
    case ask([Question])
    case refused(PolicyRefusal)
}
