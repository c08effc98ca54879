// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// What both books must say, in plain numbers.
struct ProofModel {
    /// The balance of the receiver's newest proof.
    var newest: UInt128?
    /// With what the receiver has let the channel end.
    var pledge: UInt128?
    /// What the receiver has delivered for, in all.
    var gained: UInt128 = 0
    /// What the sender knows that the receiver has.
    var known: UInt128 = 0
    /// What the sender has signed on top of that.
    var next: UInt128?
    /// The most that the sender has signed, and not forgotten.
    var signed: UInt128 = 0
    /// The most that went out with a signature of the sender, whatever its books say now.
    var sent: UInt128 = 0
    var hasEnd = false

    /// The code with which the receiver must refuse a proof; `nil` when it must take it.
    func refusal(
        of balance: UInt128, least: UInt128, phase: String, deposit: UInt128, withdrawn: UInt128
    ) -> String? {
        let owed = owed(withdrawn)
        if balance == newest { return least == 0 ? nil : "balance-proof-receiver.too-little" }
        if phase != "open" { return "balance-proof-receiver.not-open" }
        if pledge != nil { return "balance-proof-receiver.ending" }
        if balance <= owed { return "balance-proof-receiver.not-more" }
        if balance > deposit { return "balance-proof-receiver.exceeds-deposit" }
        return balance - owed < least ? "balance-proof-receiver.too-little" : nil
    }

    /// What the receiver is owed in all.
    func owed(_ withdrawn: UInt128) -> UInt128 { max(newest ?? 0, withdrawn) }

    /// The sender learns that the receiver has a proof.
    mutating func learn(_ balance: UInt128) {
        known = max(known, balance)
        if let next, next <= known { self.next = nil }
    }
}
