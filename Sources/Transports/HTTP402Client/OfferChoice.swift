// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

extension PayingClient {
    typealias Choice = (offer: Offer, desk: any PayerDesk)

    /// The desk that can pay a remembered offer.
    func desk(for offer: Offer, at resource: RequestedResource) -> (any PayerDesk)? {
        payable([offer], for: resource).choices.min { $0.rank < $1.rank }?.choice.desk
    }

    /// The offers that some desk can pay, and what speaks against the others.
    private func payable(
        _ offers: [Offer], for resource: RequestedResource
    ) -> (choices: [(rank: Int, choice: Choice)], objections: [any ExplainedError]) {
        var choices: [(rank: Int, choice: Choice)] = []
        var objections: [any ExplainedError] = []
        for offer in offers {
            for desk in desks {
                switch desk.appraise(offer, for: resource) {
                case .payable(let rank): choices.append((rank, (offer, desk)))
                case .objection(let objection): objections.append(objection)
                case .unknown: break
                }
            }
        }
        return (choices, objections)
    }

    /// The schemes of offers that some desk has a word on.
    private func known(_ offers: [Offer], for resource: RequestedResource) -> [String] {
        offers.filter { offer in
            desks.contains { desk in
                if case .unknown = desk.appraise(offer, for: resource) { false } else { true }
            }
        }.map(\.requirements.scheme)
    }

    /// The best offer that some desk can pay.
    ///
    /// - Throws: ``PayingError/noneAcceptable(_:code:remedy:)`` with all reasons; code and remedy are theirs when they
    ///   agree.
    func choose(
        from demand: ReceivedDemand, for resource: RequestedResource
    ) async throws -> (known: KnownOffer, desk: any PayerDesk) {
        let (choices, objections) = payable(demand.offers, for: resource)
        var best: (key: (Int, Amount), choice: Choice)?
        for (rank, choice) in choices {
            let isOnly = choices.count == 1
            let told = isOnly ? nil : try await choice.desk.rank(choice.offer, for: resource)
            let key = (told ?? rank, choice.offer.requirements.amount)
            if let known = best, known.key <= key { continue }
            best = (key, choice)
        }
        guard let choice = best?.choice else {
            let codes = Set(objections.map(\.code))
            // What is said of several offers is said once.
            var reasons: [String] = []
            for objection in objections where !reasons.contains(objection.message) { reasons.append(objection.message) }
            let strange = Set(demand.offers.map(\.requirements.scheme)).subtracting(known(demand.offers, for: resource))
            for scheme in strange.sorted() { reasons.append("It can be paid by '\(scheme)', which is not known here.") }
            guard codes.count == 1, strange.isEmpty else { throw PayingError.noneAcceptable(reasons, code: nil) }
            let remedies = Set(objections.map(\.remedy))
            throw PayingError.noneAcceptable(
                reasons, code: codes.first, remedy: remedies.count == 1 ? objections.first?.remedy : nil)
        }
        return (KnownOffer(offer: choice.offer, extensions: demand.extensions), choice.desk)
    }

    /// Holds a server to the offer that a payment was signed for.
    func checkUnchanged(_ offer: Offer, in demand: ReceivedDemand) throws(PayingError) {
        guard !demand.offers.contains(where: { $0.isSame(as: offer) }) else { return }
        let rivals = demand.offers.map(\.requirements).filter {
            $0.scheme == offer.requirements.scheme && $0.network == offer.requirements.network
                && $0.asset == offer.requirements.asset
        }
        guard let rival = rivals.first else { throw .offerWithdrawn }
        guard rival.payTo == offer.requirements.payTo else {
            throw .receiverChanged(from: offer.requirements.payTo, to: rival.payTo)
        }
        guard rival.amount == offer.requirements.amount else {
            throw .priceRaised(from: offer.requirements.amount, to: rival.amount)
        }
        throw .offerWithdrawn
    }

    /// Whoever was paid at one address before does not move to another without a person's leave.
    func checkReceiver(of fresh: Offer, against known: Offer) throws(PayingError) {
        guard !options.acceptsNewReceivers, fresh.requirements.payTo != known.requirements.payTo else { return }
        throw .receiverChanged(from: known.requirements.payTo, to: fresh.requirements.payTo)
    }

    /// What to tell of an error of the network: never a header, never a key.
    static func reason(of error: any Error) -> String {
        switch error {
        case let error as RequestNotSent: error.reason
        case let error as HTTPClientError: error.shortDescription
        case let error as any ExplainedError: error.message
        case let error as IOError: String(cString: strerror(error.errnoCode)).lowercased()
        case let error as NIOConnectionError:
            error.dnsAError != nil && error.connectionErrors.isEmpty
                ? "its name is not known" : error.connectionErrors.first.map { reason(of: $0.error) } ?? "no connection"
        case is HTTPParserError: "it does not speak HTTP"
        case let error where "\(error)".hasPrefix("handshakeFailed("): "no secure connection came about"
        default: "\(type(of: error))"
        }
    }
}

extension Offer {
    /// Whether this is `earlier` again, perhaps with more in its `extra`, as a corrective 402 has it.
    func isSame(as earlier: Offer) -> Bool {
        (earlier.json.members ?? []).allSatisfy { member in
            guard let value = json[member.name] else { return false }
            return member.name == "extra" ? value.contains(member.value) : value == member.value
        }
    }
}
