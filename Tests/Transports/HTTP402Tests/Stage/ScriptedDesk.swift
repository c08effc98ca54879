// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingPrimitives
import FarthingX402

/// A desk that says what a test tells it to say, and writes down what it was asked.
actor ScriptedDesk: PaymentDesk {
    enum Event: Hashable, Sendable {
        case admitted(PaymentPayload)
        case charged(Amount)
        case released
        case deliveryFailed
    }

    /// What it says to a payment.
    enum Script: Sendable {
        case admit
        case settle(SettleResponse, body: JSON)
        case refuse(code: String, correction: JSON?)
        case putOff
        case outOfOrder
    }

    /// What comes of a charge.
    enum Till: Sendable {
        case take
        case takeNothing
        case outOfOrder
    }

    struct OutOfOrder: Error {}

    nonisolated let decimals = 6
    nonisolated let symbol = "USDC"
    nonisolated let isSimulated = true
    private nonisolated let schemes: [String]

    nonisolated func extensions(highest: Amount) -> JSON { [:] }

    private let script: Script
    private let till: Till
    private let renews: Bool
    private(set) var events: [Event] = []
    private var waiting: [(event: Event, resume: CheckedContinuation<Void, Never>)] = []

    /// - Parameter renews: Whether it sets a payment aside anew when its money is locked.
    init(
        _ script: Script = .admit, till: Till = .take, schemes: [String] = ["batch-settlement"], renews: Bool = false
    ) {
        self.script = script
        self.till = till
        self.renews = renews
        self.schemes = schemes
    }

    nonisolated func offers(for price: Amount) -> [PaymentRequirements] {
        schemes.map { Shop.offer(price.units, scheme: $0) }
    }

    func admit(_ payment: PaymentPayload, for offer: PaymentRequirements) async throws -> Admission {
        if case .outOfOrder = script { throw OutOfOrder() }
        note(.admitted(payment))
        switch script {
        case .admit, .outOfOrder:
            let payer = payment.payload["from"] == "other" ? Shop.payee : Shop.payer
            return .admitted(Ticket(desk: self, source: .payer(payer), renews: renews))
        case .settle(let response, let body): return .settled(response, body: body)
        case .refuse(let code, let correction):
            return .refused(PaymentRefusal(Refused(code: code), correction: correction))
        case .putOff: return .deferred(Refused(code: "not.now"), retryAfterSeconds: 7)
        }
    }

    /// Returns when this has happened at least once.
    func waitUntil(_ event: Event) async {
        guard !events.contains(event) else { return }
        await withCheckedContinuation { waiting.append((event, $0)) }
    }

    /// What became of the payments, leaving out that they were admitted.
    var outcomes: [Event] {
        events.filter { if case .admitted = $0 { false } else { true } }
    }

    private func note(_ event: Event) {
        events.append(event)
        for waiter in waiting where waiter.event == event { waiter.resume.resume() }
        waiting.removeAll { $0.event == event }
    }

    private func take(_ price: Amount) throws -> SettleResponse {
        if case .outOfOrder = till { throw OutOfOrder() }
        note(.charged(price))
        if case .takeNothing = till { return Shop.unsettled }
        return Shop.settled(price.units)
    }

    private struct Ticket: AdmittedPayment {
        let desk: ScriptedDesk
        let source: PaymentSource
        let renews: Bool

        func secured() async throws -> SecuredPayment { renews ? .renewed(self) : .ready(self) }
        func charge(_ price: Amount) async throws -> SettleResponse { try await desk.take(price) }
        func release() async { await desk.note(.released) }
        func deliveryFailed() async { await desk.note(.deliveryFailed) }
    }

    private struct Refused: ExplainedError {
        let code: String
        let message = "The voucher does not fit."
        let remedy: String? = "Send another one."
    }
}
