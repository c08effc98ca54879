// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
import Foundation
import GRDB

extension Ledger {
    /// Opens a ledger that is there already, whatever chain it simulates.
    ///
    /// - Throws: `StoreError.missing(path:)` when it is not there, and what ``init(path:domain:clock:)`` throws.
    public convenience init(
        existing path: String, clock: @escaping @Sendable () -> Instant = Ledger.systemClock
    ) throws(StoreError) {
        try self.init(path: path, domain: try Self.domain(of: path), clock: clock)
    }

    private static func domain(of path: String) throws(StoreError) -> SettlementDomain {
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
        let found: [String]?
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(busyTimeout)
            configuration.prepareDatabase { db in try Schema.recognise(db) }
            found = try DatabaseQueue(path: path, configuration: configuration).read { db in
                // An empty file is what another process makes first of a new ledger.
                guard try db.tableExists("meta") else { return nil }
                return try ["network", "contract", "collector"].map { try Schema.stored($0, in: db) }
            }
        } catch {
            throw storeError(error, path: path)
        }
        guard let found else { throw .missing(path: path) }
        guard let network = Network(found[0]), let contract = Address(hex: found[1]),
            let collector = Address(hex: found[2]),
            let domain = SettlementDomain(network: network, contract: contract, depositCollector: collector)
        else { throw .damaged(path: path, reason: "it does not say whose ledger it is") }
        return domain
    }
}
