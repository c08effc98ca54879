// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
public import FarthingEncodings
public import FarthingX402
import NIOHTTP1

extension PayingClient {
    /// What came of a payload that is no payment for a request: a refund, or a question about the books.
    public enum OrderAnswer: Sendable {
        case settled(SettleResponse)
        case refused(ReceivedDemand)
        /// Neither: the status of an answer that says nothing of it.
        case silent(status: UInt)
    }

    /// The offer under which a resource is sold, remembered or asked for.
    ///
    /// - Throws: ``PayingError/notSold(status:)`` when nothing is asked for it, or nothing that fits, and what
    ///   ``execute(_:)`` throws.
    public func knownOffer(
        for request: PayingRequest, where fits: @Sendable (PaymentRequirements) -> Bool
    ) async throws -> KnownOffer {
        let resource = try RequestedResource(method: request.method.rawValue, url: request.url)
        if let known = try await offers.offer(for: resource.key), fits(known.offer.requirements) { return known }
        switch try await send(nil, with: request) {
        case .refused(let demand):
            guard let offer = demand.offers.first(where: { fits($0.requirements) }) else {
                throw PayingError.notSold(status: 402)
            }
            return KnownOffer(offer: offer, extensions: demand.extensions)
        case .silent(let status) where status != 402: throw PayingError.notSold(status: status)
        case .silent, .settled: throw PayingError.noOffer
        }
    }

    /// Sends a payload under an offer, and again while nothing comes back when the server answers the same order once.
    ///
    /// - Throws: ``PayingError/outcomeUnknown(reason:)`` when nothing came back, and
    ///   ``PayingError/unreachable(host:reason:)`` when nothing was sent.
    public func order(_ payload: JSON, under known: KnownOffer, with request: PayingRequest) async throws -> OrderAnswer
    {
        do {
            let identifier = known.knowsIdentifiers ? RequestCourse.newIdentifier() : nil
            let header = PaymentPayload(
                accepted: known.offer.json, payload: payload, extensions: known.echo(identifier: identifier)
            ).header
            return try await send(header, with: request, mayRepeat: identifier != nil)
        } catch let error as RequestNotSent {
            throw PayingError.unreachable(
                host: try RequestedResource(method: request.method.rawValue, url: request.url).shownHost,
                reason: error.reason)
        } catch let error where !(error is HeaderFault) {
            throw PayingError.outcomeUnknown(reason: Self.reason(of: error))
        }
    }

    private func send(
        _ payment: String?, with request: PayingRequest, mayRepeat: Bool = false
    ) async throws -> OrderAnswer {
        let resource = try RequestedResource(method: request.method.rawValue, url: request.url)
        let response = try await RequestCourse(client: self, request: request, resource: resource)
            .sendRepeatedly(payment, mayRepeat: mayRepeat)
        if payment != nil, let header = response.headers.first(name: "PAYMENT-RESPONSE") {
            return .settled(try SettleResponse(header: header).showable)
        }
        guard response.status == .paymentRequired, let header = response.headers.first(name: "PAYMENT-REQUIRED") else {
            return .silent(status: response.status.code)
        }
        return .refused(try ReceivedDemand(header: header).showable)
    }
}
