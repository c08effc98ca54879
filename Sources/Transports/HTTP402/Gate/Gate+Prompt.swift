// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives
import FarthingX402
public import HTTPTypes

/// A payment that was checked without a task that waits, and the most that it may pay.
public struct PromptPayment: Sendable {
    public let payment: any CheckedPayment
    let offer: PaymentRequirements
    /// The most that it may pay.
    public var price: Amount { offer.amount }
}

extension Gate {
    /// Checks the payment of a request whose payer is known.
    ///
    /// - Parameters:
    ///   - target: With or without a query.
    ///   - header: The only `PAYMENT-SIGNATURE` of the request.
    /// - Returns: `nil` when ``decide(_:)`` must be asked.
    func check(
        _ method: String, _ target: String, header: String, after earlier: (any CheckedPayment)? = nil
    ) -> PromptPayment? {
        guard let bytes = try? PaymentPayload.bytes(ofHeader: header) else { return nil }
        return check(method, target, payment: bytes, after: earlier)
    }

    /// The same for a payment's JSON text.
    ///
    /// - Parameter earlier: What was checked just before, of payments that came together.
    public func check(
        _ method: String, _ target: String, payment: [UInt8], after earlier: (any CheckedPayment)? = nil
    ) -> PromptPayment? {
        guard case .entry(let entry) = book.find(method: method, target: target) else { return nil }
        return check(payment, at: entry, after: earlier)
    }

    func check(
        _ payment: [UInt8], at entry: RouteBook.Entry, after earlier: (any CheckedPayment)? = nil
    ) -> PromptPayment? {
        // Whoever asks for identifiers has each looked up.
        guard !requiresIdentifier, entry.tariff == nil else { return nil }
        for (offer, familiar) in zip(entry.offers, entry.familiar) {
            // What was accepted is familiar to the offer that it took, and to no other.
            if let checked = desk.check(payment, familiar: familiar, for: offer, after: earlier) {
                return PromptPayment(payment: checked, offer: offer)
            }
        }
        return nil
    }

    /// Answers a request in full with a handler that waits for nothing: offers, refusals, deposits, payments.
    public func answer(_ request: HTTPRequest, by handler: PaymentServer.Handler) async -> GateAnswer {
        do {
            switch try await decide(request) {
            case .answer(let answer): return answer
            case .pass: return Self.handled(request, by: handler) ?? GateAnswer(.notFound)
            // A handler that waits for nothing has no rules for other origins.
            case .preflight: return GateAnswer(.ok)
            case .serve(let paid):
                guard var answer = Self.handled(request, by: handler) else {
                    await paid.failed()
                    return GateAnswer(.notFound)
                }
                switch await paid.served(HTTPResponse(status: answer.status, headerFields: answer.headers)) {
                case .withhold(let refusal): return refusal
                case .deliver(let head):
                    answer.headers = head.headerFields
                    paid.finished(head, body: answer.body)
                case .deliverUncharged(let head): answer.headers = head.headerFields
                }
                return answer
            }
        } catch {
            return .outOfOrder
        }
    }

    private static func handled(_ request: HTTPRequest, by handler: PaymentServer.Handler) -> GateAnswer? {
        handler(PromptRequest(method: request.method.rawValue, target: request.path ?? "/")).map { answer in
            GateAnswer(status: answer.status, headers: [.contentType: answer.contentType], body: answer.body)
        }
    }
}
