// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingX402
import HTTPTypes

/// One request at the gate: its route, and the offers that were or would be made for it.
struct Counter: Sendable {
    let gate: Gate
    let request: HTTPRequest
    let entry: RouteBook.Entry

    private var route: PriceList.Route { entry.route }
    private var offers: [PaymentRequirements] { entry.offers }

    // MARK: - Deciding

    /// - Parameter text: The text of the payment, so that what is echoed in it need not be read again.
    func decide(_ payment: PaymentPayload, text: [UInt8]) async throws -> Gate.Decision {
        let offer = try match(payment.accepted)
        try checkEcho(payment.extensions)
        let identifier = try PaymentIdentifiers.identifier(of: payment)
        guard let identifier else {
            guard !gate.requiresIdentifier else { throw PaymentFault.identifierMissing }
            let decision = try await admit(payment, offer, identifier: nil)
            if case .serve = decision, let index = offers.firstIndex(of: offer) {
                entry.familiar[index].learn(text, meaning: gate.desk.meaning(of: payment.extensions))
            }
            return decision
        }
        // Before anything is verified: a payment that was taken already would be refused now.
        switch gate.identifiers.take(identifier, fingerprint: fingerprint(of: payment)) {
        case .fresh: break
        case .inProgress: return .answer(.problem(.conflict, GateFault.identifierInProgress))
        case .conflict: throw PaymentFault.identifierReused
        case .answered(let answer): return .answer(answer)
        case .notKept: return .answer(.problem(.conflict, GateFault.answerNotKept))
        }
        do {
            return try await admit(payment, offer, identifier: identifier)
        } catch {
            gate.identifiers.forget(identifier)
            throw error
        }
    }

    private func admit(
        _ payment: PaymentPayload, _ offer: PaymentRequirements, identifier: String?
    ) async throws -> Gate.Decision {
        switch try await gate.desk.admit(payment, for: offer) {
        case .admitted(let admitted):
            return .serve(PaidRequest(counter: self, payment: admitted, offer: offer, identifier: identifier))
        case .settled(let response, let body):
            let answer = Self.settled(response, body: body)
            // An order that is carried out is not carried out again for the same identifier.
            if let identifier {
                if response.success {
                    gate.identifiers.keep(answer, for: identifier)
                } else {
                    gate.identifiers.forget(identifier)
                }
            }
            return .answer(answer)
        case .refused(let refusal):
            if let identifier { gate.identifiers.forget(identifier) }
            return .answer(self.refusal(of: refusal, offer: offer))
        case .deferred(let reason, let seconds):
            if let identifier { gate.identifiers.forget(identifier) }
            // No 402: a client that gets one looks for what is wrong with its payment, and may deposit again.
            var answer = GateAnswer.problem(.serviceUnavailable, reason)
            answer.headers[.retryAfter] = "\(seconds)"
            Gate.markUncharged(&answer.headers)
            return .answer(answer)
        }
    }

    private func match(_ accepted: JSON) throws(PaymentFault) -> PaymentRequirements {
        // Of several offers, the one that agrees the furthest was meant.
        var nearest = (agreed: -1, member: "scheme")
        for offer in offers {
            guard let difference = offer.difference(from: accepted) else { return offer }
            let agreed = offer.json.members?.firstIndex { $0.name == difference } ?? 0
            if agreed > nearest.agreed { nearest = (agreed, difference) }
        }
        throw .noMatchingOffer(member: nearest.member)
    }

    /// A payer that echoes extensions must echo what was declared, and may add to it.
    private func checkEcho(_ echoed: JSON?) throws(PaymentFault) {
        guard let echoed else { return }
        for declared in gate.extensions.members ?? [] {
            guard let echo = echoed[declared.name] else { continue }
            guard let info = declared.value["info"], let echoedInfo = echo["info"], echoedInfo.contains(info) else {
                throw .extensionEcho(declared.name)
            }
        }
    }

    private func fingerprint(of payment: PaymentPayload) -> Hash32 {
        let line = "\(request.method.rawValue) \(request.path ?? "/")\n"
        return Keccak256.hash(Array(line.utf8) + payment.payload.bytes + payment.accepted.bytes)
    }

    // MARK: - Answering

    /// The 402 that says what it costs.
    func firstAnswer() -> GateAnswer {
        let required = paymentRequired(error: "Payment required", accepts: offers)
        if isBrowser { return page(required) }
        return refusal(
            required, code: "payment_required", detail: "This costs up to \(price).",
            remedy: "Take one of the offers in the PAYMENT-REQUIRED header.")
    }

    func refusal(of fault: PaymentFault) -> GateAnswer {
        switch fault {
        case .identifierReused: return .problem(.conflict, fault)
        case .identifierMissing, .identifierMalformed: return .problem(.badRequest, fault)
        default: break
        }
        var error = fault.code
        if case .noMatchingOffer = fault { error = "No matching payment requirements" }
        return refusal(
            paymentRequired(error: error, accepts: offers), code: fault.code, detail: fault.message,
            remedy: fault.remedy)
    }

    private func refusal(of refusal: PaymentRefusal, offer: PaymentRequirements) -> GateAnswer {
        let accepts = offers.map { $0 == offer ? $0.adding(refusal.correction ?? [:]) : $0 }
        return self.refusal(
            paymentRequired(error: refusal.code, accepts: accepts), code: refusal.code, detail: refusal.message,
            remedy: refusal.remedy)
    }

    private func refusal(
        _ required: PaymentRequired, code: String, detail: String, remedy: String?
    ) -> GateAnswer {
        .problem(
            .paymentRequired, code: code, title: "Payment Required", detail: detail, remedy: remedy,
            headers: headers(required))
    }

    /// An order that was carried out, or failed in that: told by PAYMENT-RESPONSE, never by PAYMENT-REQUIRED.
    static func settled(_ response: SettleResponse, body: JSON) -> GateAnswer {
        var headers: HTTPFields = [.paymentResponse: response.header, .cacheControl: "no-store"]
        Gate.expose(&headers)
        guard response.success else {
            return .problem(
                .paymentRequired, code: response.errorReason ?? "unexpected_settle_error", title: "Payment Failed",
                detail: response.errorMessage ?? "The payment could not be settled; nothing was charged.", remedy: nil,
                headers: headers)
        }
        headers[.contentType] = "application/json"
        return GateAnswer(status: .ok, headers: headers, body: body.bytes)
    }

    private func headers(_ required: PaymentRequired) -> HTTPFields {
        var headers: HTTPFields = [
            .paymentRequired: Base64.encode(required.json.bytes), .cacheControl: "no-store",
            // What is told here is told to everybody, so pages of other origins may read it.
            .accessControlAllowOrigin: "*",
        ]
        Gate.expose(&headers)
        return headers
    }

    private func paymentRequired(error: String, accepts: [PaymentRequirements]) -> PaymentRequired {
        PaymentRequired(
            error: error,
            resource: PaymentRequired.Resource(url: url, description: route.description, mimeType: route.mimeType),
            accepts: accepts, extensions: gate.extensions)
    }

    private var url: String {
        let base = gate.publicURL ?? "\(request.scheme ?? "http")://\(request.authority ?? "localhost")"
        return base + (request.path ?? "/")
    }

    var price: String {
        guard let amount = offers.first?.amount else { return "nothing" }
        return "\(amount.text(decimals: gate.desk.decimals)) \(gate.desk.symbol)"
    }

    private var isBrowser: Bool {
        request.headerFields[.accept]?.contains("text/html") == true
            && request.headerFields[.userAgent]?.contains("Mozilla") == true
    }

    private func page(_ required: PaymentRequired) -> GateAnswer {
        var headers = headers(required)
        headers[.contentType] = "text/html; charset=utf-8"
        // The page is ours alone: no script, nothing from elsewhere.
        headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'"
        let html = PaymentPage(
            url: url, price: price, description: route.description, offers: offers, isSimulated: gate.desk.isSimulated
        ).html
        return GateAnswer(status: .paymentRequired, headers: headers, body: Array(html.utf8))
    }
}
