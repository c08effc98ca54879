// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

extension Benchmark {
    static let ledgerClaims = Benchmark(
        name: "ledger-claims",
        summary: "Claims booked on the embedded ledger, \(claimBatch) channels in one transaction."
    ) { setting in
        let bare = try BareSignatures()
        let memory = try await ClaimMaker(ledgerPath: nil)
        let durable = try await ClaimMaker(ledgerPath: setting.folder + "/ledger.sqlite")
        return Contest(entrants: [
            bare.recover, entrant("ledger in memory", memory), entrant("ledger in a file", durable),
        ])
    }

    /// - Source: how many channels a node claims at once.
    static let claimBatch = 100

    private static func entrant(_ name: String, _ maker: ClaimMaker) -> Entrant {
        Entrant(name, against: [.init(name: "C, recover")], trial: 2 * claimBatch) { count in
            let batches = (0..<max(1, count / claimBatch)).map { _ in maker.batch() }
            return {
                try await Measurement.ofThisProcess(batches.count * claimBatch) {
                    for batch in batches { try await maker.book(batch) }
                }
            }
        }
    }
}
