// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingX402
public import HTTPTypes

extension Gate {
    /// Whether a request asks for a metered stream, whose answer has no end that could be waited for.
    public func sellsStream(_ request: HTTPRequest) -> Bool {
        guard case .entry(let entry) = book.find(method: request.method.rawValue, target: request.path ?? "/") else {
            return false
        }
        return entry.tariff != nil
    }

    /// Whether a request costs nothing.
    func givesAway(_ request: HTTPRequest) -> Bool {
        guard case .entry(let entry) = book.find(method: request.method.rawValue, target: request.path ?? "/") else {
            return false
        }
        return entry.route.price == .free
    }

    /// Decides about a payment for a metered stream: it opens one, or pays for more of one that is open.
    ///
    /// The answer to the latter comes when the payment was used up.
    func decide(_ payment: [UInt8], at counter: Counter) async throws -> Decision {
        let fingerprint = Keccak256.hash(payment)
        let id = counter.request.headerFields[.paymentStream]
        var stream: MeteredStream?
        if let id {
            guard let open = streams.find(id, at: counter.entry) else { return .answer(StreamFault.unknown.answer) }
            // The same payment again: its answer got lost, or it is the one that opened the stream.
            if let answer = await open.outcome(of: fingerprint) { return .answer(answer) }
            stream = open
        } else if streams.isFull {
            return .answer(StreamFault.tooMany.answer)
        }
        // The time of a payment runs from when it is set aside, which is no earlier than this.
        let asked = streams.settings.clock.now()
        let decision = try await counter.decide(try PaymentPayload(bytes: payment), text: payment)
        guard case .serve(var paid) = decision else { return decision }
        paid.fingerprint = fingerprint
        paid.setAsideAt = max(asked, paid.payment.age.map { streams.settings.clock.now() - $0 } ?? asked)
        guard let stream else { return .serve(paid) }
        return .answer(await stream.pay(paid))
    }
}

extension PaidRequest {
    /// What to do with the handler's response to a request that opens a stream.
    enum Opening: Sendable {
        /// Deliver the body through the stream, with this head.
        case stream(MeteredStream, HTTPResponse)
        case deliverUncharged(HTTPResponse)
        case withhold(GateAnswer)
    }

    /// Whether the response is to be delivered as a metered stream.
    var opensStream: Bool { counter.entry.tariff != nil }

    /// The handler answered with this head.
    ///
    /// A deposit that came with the payment is locked first: what is delivered cannot be withheld any more.
    func opened(_ response: HTTPResponse) async -> Opening {
        var response = response
        Gate.mark(&response.headerFields, settled: nil)
        response.headerFields[.paymentCharged] = nil
        guard response.status.code < 400, let tariff = counter.entry.tariff else {
            await failed()
            Gate.markUncharged(&response.headerFields)
            return .deliverUncharged(response)
        }
        do {
            var paid = self
            switch try await payment.secured() {
            case .failed(let settled):
                await failed()
                return .withhold(Counter.settled(settled, body: [:]))
            case .ready(let payment): paid.payment = payment
            case .renewed(let payment):
                paid.payment = payment
                paid.setAsideAt = counter.gate.streams.settings.clock.now()
            }
            guard response.status.hasBody, counter.request.method != .head else {
                return try await paid.openedNothing(response)
            }
            guard let stream = counter.gate.streams.open(paid, tariff) else {
                await paid.failed()
                return .withhold(StreamFault.tooMany.answer)
            }
            response.headerFields[.paymentStream] = stream.id
            let exposed = response.headerFields[.accessControlExposeHeaders]
            response.headerFields[.accessControlExposeHeaders] = [exposed, StreamOffer.header].compactMap(\.self)
                .joined(separator: ", ")
            response.headerFields[.contentLength] = nil
            // A part of a stream is of no use to anybody else, and nothing may change its bytes.
            response.headerFields[.cacheControl] = "no-store, no-transform"
            return .stream(stream, response)
        } catch {
            await failed()
            return .withhold(.outOfOrder)
        }
    }

    /// There is no body that could be metered, nor one in which an event could stand: nothing is charged.
    private func openedNothing(_ response: HTTPResponse) async throws -> Opening {
        let settled = try await payment.charge(.zero)
        guard settled.success else { return .withhold(Counter.settled(settled, body: [:])) }
        var response = response
        Gate.mark(&response.headerFields, settled: settled)
        finished(response, body: [])
        return .deliverUncharged(response)
    }
}

extension HTTPResponse.Status {
    /// - Source: RFC 9112, section 6.3.
    fileprivate var hasBody: Bool { code >= 200 && self != .noContent && self != .notModified }
}
