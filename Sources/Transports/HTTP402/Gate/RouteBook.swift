// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingX402
import HTTPTypes
import Synchronization

/// The routes of a price list with what is needed at each request: made once, and looked up by the request's words.
final class RouteBook: Sendable {
    /// A route, the offers for it, and what is known of payments that took them.
    final class Entry: Sendable {
        let route: PriceList.Route
        /// Empty when it is free.
        let offers: [PaymentRequirements]
        /// One for each offer.
        let familiar: [FamiliarTexts]

        init(_ route: PriceList.Route, _ desk: any PaymentDesk, _ limits: StreamMeter.Limits) {
            self.route = route
            let offers: [PaymentRequirements] =
                switch route.price {
                case .free: []
                case .upTo(let amount): desk.offers(for: amount)
                case .metered(let tariff):
                    desk.offers(for: tariff.price).map {
                        $0.adding(.object([StreamOffer.name: StreamOffer(tariff, limits: limits).json]))
                    }
                }
            self.offers = offers
            familiar = offers.map { _ in FamiliarTexts() }
        }

        /// What a stretch costs where a stream is sold.
        var tariff: StreamTariff? { if case .metered(let tariff) = route.price { tariff } else { nil } }
    }

    enum Finding {
        case entry(Entry)
        case notSold
        case ambiguousPath
    }

    private struct Words: Hashable {
        let method: String
        let target: String
    }

    /// Targets that are remembered; there are as many as people think of, so all are forgotten when it is full.
    private static let capacity = 4096
    private static let longestWords = 512

    let entries: [Entry]
    private let known = Mutex<[Words: Entry]>([:])

    init(_ prices: PriceList, desk: any PaymentDesk, limits: StreamMeter.Limits) {
        entries = prices.routes.map { Entry($0, desk, limits) }
    }

    /// - Parameter target: With or without a query.
    func find(method: String, target: String) -> Finding {
        let words = Words(method: method, target: target)
        if let entry = known.withLock({ $0[words] }) { return .entry(entry) }
        guard let path = RequestPath(target) else { return .ambiguousPath }
        guard let entry = entries.first(where: { $0.route.matches(method: method, path: path) }) else {
            return .notSold
        }
        if method.utf8.count + target.utf8.count <= Self.longestWords {
            known.withLock { known in
                if known.count >= Self.capacity { known = [:] }
                known[words] = entry
            }
        }
        return .entry(entry)
    }
}
