// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// A payment that was checked, what is to be taken of it, and who is told what came of that.
public struct PromptCharge: Sendable {
    public let payment: any CheckedPayment
    public let price: Amount
    /// Told once, on any thread, perhaps before the charge returns; it must not block.
    public let answer: @Sendable (ChargeOutcome) -> Void

    public init(
        payment: any CheckedPayment, price: Amount, answer: @escaping @Sendable (ChargeOutcome) -> Void
    ) {
        self.payment = payment
        self.price = price
        self.answer = answer
    }
}

extension [PromptCharge] {
    /// Charges all of them; those in a row that are of one channel share a commit.
    public func charge() {
        var rest = self[...]
        while let first = rest.first { rest = rest.dropFirst(Swift.max(first.payment.charge(rest), 1)) }
    }
}
