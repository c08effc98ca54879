// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingSQLiteStore
import Foundation
import Testing

@testable import FarthingAssembly

@Suite("A node whose store can be read and not written", .timeLimit(.minutes(3)))
struct StoreWatchTests {
    private func commit(_ number: UInt8, bytes: Int = 1) -> ChannelCommit {
        let id = ChannelID(Keccak256.hash(utf8: "\(number)"))
        return ChannelCommit(channel: id, scheme: "test", state: [UInt8](repeating: number, count: bytes))
    }

    private func codes(_ members: JSON, _ name: String) -> [String] {
        (members[name]?.arrayValue ?? []).compactMap { $0["code"]?.stringValue }
    }

    @Test func `is not ready until it can write again`() async throws {
        try await withFolder { folder in
            let (inner, away) = (folder + "/inner", folder + "/away")
            try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
            let store = try JournalStore(path: inner + "/store")
            let domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
            let ledger = try Ledger(path: nil, domain: domain)
            let readiness = Readiness(store: store, settlement: ledger) { true }
            let before = await readiness.report(needsSettlement: true)
            #expect(before.isReady, "\(before.members)")

            // No segment can be made where no folder is; what is open already can be read as before.
            try FileManager.default.moveItem(atPath: inner, toPath: away)
            await #expect(throws: StoreError.self) { try await store.commit(commit(1), over: nil) }
            #expect(try await store.bookmark("readiness") == nil)
            let report = await readiness.report(needsSettlement: false)
            #expect(!report.isReady)
            #expect(codes(report.members, "obstacles") == ["store.unavailable"], "\(report.members)")
            #expect(report.members["obstacles"]?.arrayValue?.first?["remedy"]?.stringValue?.isEmpty == false)
            #expect(report.members["settles"] == false)
            #expect(report.members["faults"]?.arrayValue?.count == 1)

            try FileManager.default.moveItem(atPath: away, toPath: inner)
            let after = await readiness.report(needsSettlement: true)
            #expect(after.isReady, "\(after.members)")
            _ = try await store.commit(commit(1), over: nil)
            await store.close()
        }
    }

    @Test func `tells of folds that fail, and how much the journal holds`() async throws {
        try await withFolder { folder in
            var options = JournalStore.Options()
            options.foldWhenIdle = .milliseconds(5)
            let store = try JournalStore(path: folder + "/store", options: options)
            let (log, metrics) = (LogBook(), PrometheusMetrics())
            let watch = StoreWatch(store, logger: log.logger, metrics: metrics)
            watch.look()
            #expect(log.lines.isEmpty)
            #expect(metrics.text().contains("farthing_journal_fold_failures_total 0"))

            #expect(await store.limitPagesOfFile(to: 1))
            for number in 0..<30 as Range<UInt8> { _ = try await store.commit(commit(number, bytes: 3000), over: nil) }
            while store.statistics.foldFailures == 0 { try await Task.sleep(for: .milliseconds(2)) }
            watch.look()
            #expect(log.count(of: "The journal could not be folded into the store") == 1)
            #expect(!metrics.text().contains("farthing_journal_fold_failures_total 0"))
            #expect(store.journalBytes >= 90_000)
            #expect(!metrics.text().contains("farthing_journal_bytes 0.0"))

            #expect(await store.limitPagesOfFile(to: 100_000))
            let failed = store.statistics.foldFailures
            // A journal is folded again some time after a write.
            _ = try await store.commit(commit(30), over: nil)
            while store.statistics.folds == 0 { try await Task.sleep(for: .milliseconds(2)) }
            #expect(failed > 0 && store.foldFault == nil && store.journalBytes == 0)
            watch.look()
            #expect(metrics.text().contains("farthing_journal_bytes 0.0"))
            await store.close()
        }
    }
}
