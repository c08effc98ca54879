// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingX402
public import HTTPTypes

/// A request that is being served because it was paid for.
///
/// Whoever serves it calls ``served(_:)`` or ``failed()`` once, and ``finished(_:body:)`` or ``brokenOff()`` when
/// the body is out.
public struct PaidRequest: Sendable {
    /// What to do with the handler's response.
    public enum Outcome: Sendable {
        /// It was charged: deliver it with this head.
        case deliver(HTTPResponse)
        /// Nothing was charged, because the handler said that it failed: deliver it with this head.
        case deliverUncharged(HTTPResponse)
        /// Nothing was charged although the handler succeeded: keep its response back and answer this.
        case withhold(GateAnswer)
    }

    let counter: Counter
    var payment: any AdmittedPayment
    let offer: PaymentRequirements
    let identifier: String?
    /// Tells the payment from all others; only where it pays for a stream.
    var fingerprint = Hash32.zero
    /// From when its time runs, by the clock of streams; only where it pays for a stream.
    var setAsideAt = Duration.zero

    /// The handler answered with this head.
    ///
    /// A status of 400 and above is a failure and costs nothing. When this returns ``Outcome/deliver(_:)``, the
    /// charge is on disk.
    public func served(_ response: HTTPResponse) async -> Outcome {
        var response = response
        let override = response.headerFields[.settlementOverrides]
        response.headerFields[.settlementOverrides] = nil
        response.headerFields[.paymentCharged] = nil
        guard response.status.code < 400 else {
            await failed()
            Gate.markUncharged(&response.headerFields)
            // Whoever sees a PAYMENT-RESPONSE takes it that something was settled.
            response.headerFields[.paymentResponse] = nil
            response.headerFields[.paymentRequired] = nil
            return .deliverUncharged(response)
        }
        guard
            let price = SettlementOverrides.price(
                from: override, ceiling: offer.amount, decimals: counter.gate.desk.decimals)
        else {
            await failed()
            var answer = GateAnswer.problem(.badGateway, GateFault.badOverride)
            Gate.markUncharged(&answer.headers)
            return .withhold(answer)
        }
        do {
            let settled = try await payment.charge(price)
            guard settled.success else {
                forget()
                return .withhold(Counter.settled(settled, body: [:]))
            }
            Gate.mark(&response.headerFields, settled: settled)
            return .deliver(response)
        } catch {
            await failed()
            return .withhold(.outOfOrder)
        }
    }

    /// The handler threw, was cancelled, or is unreachable: nothing is charged.
    public func failed() async {
        await payment.release()
        forget()
    }

    /// The whole response is out.
    ///
    /// - Parameter body: The body, for a payer that asks again; `nil` when it is too long to keep.
    public func finished(_ response: HTTPResponse, body: [UInt8]?) {
        guard let identifier else { return }
        let answer = body.map { GateAnswer(status: response.status, headers: response.headerFields, body: $0) }
        counter.gate.identifiers.keep(answer, for: identifier)
    }

    /// The body broke off on our side after it was charged.
    ///
    /// The payer gets it credited.
    public func brokenOff() async {
        await payment.deliveryFailed()
        forget()
    }

    /// How long a body may be to be kept for a second asking; 0 when nobody can ask.
    ///
    /// - Unit: bytes.
    public var keptBytes: Int { identifier == nil ? 0 : PaymentIdentifiers.longestAnswer }

    private func forget() {
        if let identifier { counter.gate.identifiers.forget(identifier) }
    }
}
