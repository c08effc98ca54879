// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
public import FarthingHTTP402Client
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

    public func keep(_ offer: KnownOffer, for key: String) async throws {
        // Written only when it changed: the same offer is paid again and again.
        guard try await self.offer(for: key) != offer else { return }
        knownOffers.keep(offer, for: key)
        try await change { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO offers VALUES (?, ?, ?)",
                arguments: [key, offer.offer.json.text, offer.extensions?.text])
        }
    }
}
