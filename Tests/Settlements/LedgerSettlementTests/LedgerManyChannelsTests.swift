// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import GRDB
import Synchronization
import Testing

@testable import FarthingLedgerSettlement

/// All who write wait for one another, so no change may take as long as somebody has channels.
@Suite("A payer with many channels")
struct LedgerManyChannelsTests {
    @Test(arguments: [nil, 100])
    func `is counted only where the number of open channels is limited`(most: Int?) async throws {
        let stage = try await Stage.funded()
        try await stage.ledger.setLimits(ContractLimits(openChannels: most), of: .twoWay)
        let single = try await statements(on: stage) {
            let proofs = try ProofChannel(stage)
            try await proofs.open(100)
            try await proofs.send(proofs.withdraw(10))
        }
        #expect(single.count { $0.contains("contract_channels") } > 2)
        #expect(!single.contains { $0.contains("JOIN contract_channels") }, "no such limit is kept there")
        let both = try await statements(on: stage) { try await openTwoWay(stage) }
        #expect(both.contains { $0.contains("JOIN contract_channels") } == (most != nil))
    }

    @Test func `finds its channels without reading what all others did`() async throws {
        let stage = try await Stage.funded()
        for salt in 1...3 as ClosedRange<UInt8> { try await ProofChannel(stage, salt: salt).open(10, salt: salt) }
        let asked = try await statements(on: stage) {
            let found = try await stage.ledger.contracts(
                BalanceProofContract.self, fundedBy: stage.payer.address, since: 0)
            #expect(found.count == 3)
        }
        let query = try #require(asked.first { $0.contains("Funded") })
        let plan = try await stage.ledger.view { book in
            try Row.fetchAll(book.db, sql: "EXPLAIN QUERY PLAN \(query)", arguments: [Stage.nonce(0).column, "", 0])
                .map { try $0.text("detail") }
        }
        #expect(plan.contains { $0.hasPrefix("SEARCH events USING INDEX events_funded (account=?)") }, "\(plan)")
        #expect(!plan.contains { $0.hasPrefix("SCAN events") })
    }

    /// What is asked of the file while something is done.
    private func statements(on stage: Stage, during work: () async throws -> Void) async throws -> [String] {
        let log = Log()
        try await stage.ledger.database.writeWithoutTransaction { $0.trace { log.add($0.description) } }
        try await work()
        try await stage.ledger.database.writeWithoutTransaction { $0.trace(options: []) }
        return log.lines
    }

    private func openTwoWay(_ stage: Stage) async throws {
        let domain = try #require(stage.ledger.contractDomain(of: .twoWay))
        let terms = TwoWayTerms(
            first: stage.payer.address, second: stage.receiver.address, token: stage.token.address,
            firstDeposit: units(20), secondDeposit: .zero, challengeSeconds: 900, salt: Stage.nonce(1))
        let leave = UnsignedFunding(
            payer: stage.payer.address, amount: units(20), validBefore: UInt64(Stage.noon.unixSeconds) + 3600,
            salt: Stage.nonce(1))
        let digest = domain.depositDigest(leave, on: terms, token: stage.token.domain)
        _ = try await stage.ledger.fund(TwoWayContract.self, terms, with: leave.signed(stage.payer.sign(digest)))
    }
}

/// Lines that somebody else writes.
private final class Log: Sendable {
    private let kept = Mutex<[String]>([])
    var lines: [String] { kept.withLock(\.self) }
    func add(_ line: String) { kept.withLock { $0.append(line) } }
}
