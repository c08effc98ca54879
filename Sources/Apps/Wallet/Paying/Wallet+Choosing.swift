// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingX402
import GRDB

extension Wallet {
    /// How much a scheme is liked, 0 the most; `nil` for one that is not to be used.
    func rank(of scheme: String) -> Int? { (options.schemes ?? SchemeChoice.order).firstIndex(of: scheme) }

    /// The same where there is a choice: without a word on it, by what the wallet has.
    ///
    /// - Parameter hasMoney: Whether a channel is there that the offer can be paid out of.
    func rank(
        _ offer: PaymentRequirements, for resource: RequestedResource, hasMoney: Bool
    ) async throws -> Int? {
        guard options.schemes == nil else { return rank(of: offer.scheme) }
        let hosts = try await journal.hosts(besides: resource.host, like: offer)
        return SchemeChoice(
            hasMoney: hasMoney, price: offer.amount, hosts: hosts + 1, savesSignatures: options.savesSignatures
        ).rank(of: offer.scheme)
    }
}

extension Journal {
    /// At how many other hosts was paid in the token of an offer.
    fileprivate func hosts(besides host: String, like offer: PaymentRequirements) async throws -> Int {
        try await read { db in
            try Int.fetchOne(
                db, sql: "SELECT count(*) FROM spent_ever WHERE network = ? AND asset = ? AND host <> ?",
                arguments: ["\(offer.network)", offer.asset.checksummed, host]) ?? 0
        }
    }
}
