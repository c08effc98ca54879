// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingLedgerSettlement
import Foundation
import Testing

/// `FARTHING_FAULT_SEED` runs one seed alone; `FARTHING_FAULT_RUNS` says how many, from `FARTHING_FAULT_FIRST` on.
@Suite("A client on a bad network", .timeLimit(.minutes(5)))
struct FaultProxyTests {
    @Test func `loses no money, pays nothing twice and is never stuck, whatever the network does`() async throws {
        let environment = ProcessInfo.processInfo.environment
        let single = environment["FARTHING_FAULT_SEED"].flatMap { UInt64($0) }
        let count = environment["FARTHING_FAULT_RUNS"].flatMap { UInt64($0) } ?? 1000
        let first = environment["FARTHING_FAULT_FIRST"].flatMap { UInt64($0) } ?? 1
        let seeds = single.map { [$0] } ?? Array(first..<(first + count))
        try await Market.open { market in
            var total = FaultRun.Report()
            try await withThrowingTaskGroup(of: (UInt64, FaultRun.Report).self) { group in
                var rest = seeds[...]
                func startNext() {
                    guard let seed = rest.popFirst() else { return }
                    group.addTask { (seed, try await FaultRun(seed: seed, market: market).run()) }
                }
                for _ in 0..<48 { startNext() }
                while let (seed, report) = try await group.next() {
                    #expect(report.faults == [], "seed \(seed): \(report.steps) \(report.injected)")
                    if single != nil { print(report) }
                    total.payments += report.payments
                    total.receipts += report.receipts
                    total.refunds += report.refunds
                    total.restarts += report.restarts
                    total.injected += report.injected.filter { $0 != .none }
                    startNext()
                }
            }
            #expect(try await market.ledger.audit().faults == [])
            print(
                "\(seeds.count) runs: \(total.payments) payments, \(total.receipts) receipts, \(total.refunds) refunds,",
                "\(total.restarts) restarts, \(total.injected.count) faults")
        }
    }
}
