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
        let names: [String: String]?
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(busyTimeout)
            configuration.prepareDatabase { db in try Schema.recognise(db) }
            names = try DatabaseQueue(path: path, configuration: configuration).read { db in
                // An empty file is what another process makes first of a new ledger.
                guard try db.tableExists("meta") else { return nil }
                let rows = try Row.fetchAll(db, sql: "SELECT name, value FROM meta")
                return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"], $0["value"]) })
            }
        } catch {
            throw storeError(error, path: path)
        }
        guard let names else { throw .missing(path: path) }
        guard let network = names["network"].flatMap(Network.init), let contract = names["contract"],
            let collector = names["collector"], let contract = Address(hex: contract),
            let collector = Address(hex: collector),
            let domain = SettlementDomain(network: network, contract: contract, depositCollector: collector)
        else { throw .damaged(path: path, reason: "it does not say whose ledger it is") }
        return domain
    }
}
