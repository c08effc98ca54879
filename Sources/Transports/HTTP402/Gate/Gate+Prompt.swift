// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingX402

/// A payment that was checked without a task that waits, and the most that it may pay.
struct PromptPayment: Sendable {
    let payment: any CheckedPayment
    let price: Amount
}

extension Gate {
    /// Checks the payment of a request whose payer is known.
    ///
    /// - Parameters:
    ///   - target: With or without a query.
    ///   - header: The only `PAYMENT-SIGNATURE` of the request.
    /// - Returns: `nil` when ``decide(_:)`` must be asked.
    func check(_ method: String, _ target: String, header: String) -> PromptPayment? {
        guard case .entry(let entry) = book.find(method: method, target: target),
            let bytes = try? PaymentPayload.bytes(ofHeader: header)
        else { return nil }
        return check(bytes, at: entry)
    }

    func check(_ payment: [UInt8], at entry: RouteBook.Entry) -> PromptPayment? {
        // Whoever asks for identifiers has each looked up.
        guard !requiresIdentifier, let offer = entry.offers.first,
            let checked = desk.check(payment, familiar: entry.familiar, for: offer)
        else { return nil }
        return PromptPayment(payment: checked, price: offer.amount)
    }
}
