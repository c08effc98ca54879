// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingX402

/// A payment that was checked without a task that waits, and the most that it may pay.
struct PromptPayment: Sendable {
    let payment: any CheckedPayment
    let offer: PaymentRequirements
    var price: Amount { offer.amount }
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
        guard !requiresIdentifier, entry.tariff == nil else { return nil }
        for (offer, familiar) in zip(entry.offers, entry.familiar) {
            // What was accepted is familiar to the offer that it took, and to no other.
            if let checked = desk.check(payment, familiar: familiar, for: offer) {
                return PromptPayment(payment: checked, offer: offer)
            }
        }
        return nil
    }
}
