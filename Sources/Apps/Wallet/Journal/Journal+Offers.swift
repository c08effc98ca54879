// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
public import FarthingHTTP402Client
import FarthingPrimitives
import FarthingX402
import GRDB

extension Journal: OfferBook {
    public func offer(for key: String) async throws -> KnownOffer? {
        if let known = knownOffers.offer(for: key) { return known }
        let stored: KnownOffer? = try await read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT * FROM offers WHERE key = ?", arguments: [key]),
                let offer = (try? JSON.parse(try row.text("offer"))).flatMap(Offer.init(json:))
            else { return nil }
            let extensions: String? = row["extensions"]
            return KnownOffer(offer: offer, extensions: extensions.flatMap { try? JSON.parse($0) })
        }
        if let stored { knownOffers.keep(stored, for: key) }
        return stored
    }

    /// What payees were known to ask for under such an offer, the least of each, as far as their offers are remembered.
    ///
    /// Of 1,024 offers of the scheme at the most; another network, token or contract is another offer.
    func prices(like wanted: PaymentRequirements) async throws -> [Address: Amount] {
        let texts = try await read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT offer FROM offers WHERE offer LIKE ? LIMIT 1024
                    """, arguments: ["%\"\(wanted.scheme)\"%"])
        }
        var prices: [Address: Amount] = [:]
        for offer in texts.compactMap({ (try? JSON.parse($0)).flatMap(Offer.init(json:))?.requirements })
        where offer.scheme == wanted.scheme && offer.network == wanted.network && offer.asset == wanted.asset
            && offer.extra["contract"] == wanted.extra["contract"]
        {
            prices[offer.payTo] = min(prices[offer.payTo] ?? .max, offer.amount)
        }
        return prices
    }

    public func keep(_ offer: KnownOffer, for key: String) async throws {
        // Written only when it changed: the same offer is paid again and again.
        // It was paid by then, so it is looked up even when the task is cancelled.
        guard try await Task(operation: { try await self.offer(for: key) }).value != offer else { return }
        knownOffers.keep(offer, for: key)
        try await change { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO offers VALUES (?, ?, ?)",
                arguments: [key, offer.offer.json.text, offer.extensions?.text])
        }
    }
}
