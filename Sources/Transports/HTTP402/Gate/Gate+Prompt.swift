// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingX402
import HTTPTypes

/// A payment that was let in without a task that waits, and what it pays for.
struct PromptPayment: Sendable {
    let payment: any AdmittedPayment
    /// The most that the request may cost.
    let price: Amount
}

extension Gate {
    /// What the gate says to a payment at once.
    enum PromptDecision {
        case admitted(PromptPayment)
        /// The answer comes by itself.
        case awaited
        /// ``decide(_:)`` must be asked; nothing happened.
        case declined
    }

    /// Lets a payment in whose payer is known, without a task that waits.
    ///
    /// It lets in only what ``decide(_:)`` would, and never refuses.
    ///
    /// - Parameters:
    ///   - target: With or without a query.
    ///   - header: The only `PAYMENT-SIGNATURE` of the request.
    ///   - later: Called once after ``PromptDecision/awaited``; `nil` when ``decide(_:)`` must be asked.
    func admit(
        promptly method: String, _ target: String, header: String,
        later: @escaping @Sendable (PromptPayment?) -> Void
    ) -> PromptDecision {
        guard case .entry(let entry) = book.find(method: method, target: target),
            let bytes = try? PaymentPayload.bytes(ofHeader: header)
        else { return .declined }
        return admit(promptly: bytes, at: entry, later: later)
    }

    func admit(
        promptly payment: [UInt8], at entry: RouteBook.Entry, later: @escaping @Sendable (PromptPayment?) -> Void
    ) -> PromptDecision {
        // Whoever asks for identifiers has each looked up.
        guard !requiresIdentifier, let offer = entry.offers.first else { return .declined }
        let price = offer.amount
        let admission = desk.admit(promptly: payment, familiar: entry.familiar, for: offer) { payment in
            later(payment.map { PromptPayment(payment: $0, price: price) })
        }
        switch admission {
        case .admitted(let payment): return .admitted(PromptPayment(payment: payment, price: price))
        case .awaited: return .awaited
        case .declined: return .declined
        }
    }

    /// Tells a charge that failed, as ``PaidRequest/served(_:)`` would.
    static func failure(_ outcome: ChargeOutcome) -> GateAnswer? {
        switch outcome {
        case .charged: nil
        case .refused(let response): Counter.settled(response, body: [:])
        case .outOfOrder: .problem(.serviceUnavailable, GateFault.outOfOrder)
        }
    }
}
