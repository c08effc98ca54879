// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import GRDB
import Testing

@testable import FarthingLedgerSettlement

/// Whoever posts a change makes a block, so whoever posts many could let a period of blocks pass at once.
@Suite("Somebody who makes many blocks on the ledger")
struct LedgerRushTests {
    /// Makes blocks in no time, as anybody can with transfers of next to nothing.
    private func rush(_ blocks: UInt64, on stage: Stage) async throws {
        for _ in 0..<blocks {
            try await stage.ledger.mint(to: stage.stranger.address, token: stage.token.address, amount: units(1))
        }
    }

    @Test func `a sender cannot end a channel of balance proofs before anybody can look`() async throws {
        let stage = try await Stage.funded()
        let channel = try ProofChannel(stage)
        try await channel.open(100)
        try await channel.send(channel.requestClose(10))
        try await rush(500, on: stage)
        let error = await #expect(throws: ContractError.self) { try await channel.send(.settle) }
        #expect(error?.code == "balance-proof.challenge-time-runs")
        stage.clock.set(Stage.noon.advanced(bySeconds: 499))
        let receipt = try await channel.send(channel.dispute(90))
        #expect(!receipt.snapshot.state.isChallengeOver(in: receipt.snapshot.block))
        stage.clock.set(Stage.noon.advanced(bySeconds: 500))
        try await channel.send(.settle)
        #expect(try await stage.holds(stage.receiver) == 90)
        try await stage.expectConserved()
    }

    @Test func `the operator's blocks take a second each, unless it says how long`() async throws {
        let stage = try await Stage.funded()
        let first = try await stage.ledger.head()
        // What has passed since the newest block counts.
        stage.clock.set(Stage.noon.advanced(bySeconds: 60))
        #expect(try await stage.ledger.advance(blocks: 50).time == Stage.noon.advanced(bySeconds: 60))
        let head = try await stage.ledger.advance(blocks: 450)
        #expect(head == Block(height: first.height + 500, time: Stage.noon.advanced(bySeconds: 510)))
        #expect(try await stage.ledger.advance(blocks: 5, seconds: 0).time == head.time)

        let channel = try ProofChannel(stage)
        try await channel.open(100)
        try await channel.send(channel.requestClose(10))
        try await stage.ledger.advance(blocks: 500)
        try await channel.send(.settle)
        #expect(try await stage.holds(stage.receiver) == 10)
    }

    @Test func `a payer cannot have a lot shared out when it does not like who wins`() async throws {
        let stage = try await Stage.funded()
        let domain = try #require(stage.ledger.contractDomain(of: .lot))
        var terms = LotTerms(
            payer: stage.payer.address, token: stage.token.address, ticketCount: 1, ticketValue: units(40),
            commitment: .zero, closesAt: UInt64(Stage.noon.unixSeconds) + 1000, revealBlocks: 10, salt: Stage.nonce(1))
        terms.commitment = LotTerms.commitment(to: Stage.nonce(9), tag: terms.tag(in: domain))
        let (lot, ticket) = (terms.channelID(in: domain), LotTicket(index: 0, payee: stage.receiver.address))
        let leave = UnsignedFunding(
            payer: stage.payer.address, amount: units(40), validBefore: UInt64(Stage.noon.unixSeconds) + 3600,
            salt: Stage.nonce(1))
        let digest = domain.depositDigest(leave, on: terms, token: stage.token.domain)
        _ = try await stage.ledger.fund(LotContract.self, terms, with: leave.signed(stage.payer.sign(digest)))
        let send = { (order: LotContract.Order) in
            try await stage.ledger.carryOut(order, on: lot, under: LotContract.self)
        }
        let signature = stage.payer.sign(ticket.digest(for: lot, in: domain))
        _ = try await send(.enter(ticket, signature: signature))
        _ = try await send(.reveal(Stage.nonce(9)))
        // It waits for long, and then makes the deciding block and all in which it may be drawn; more than a chain
        // remembers.
        stage.clock.set(Stage.noon.advanced(bySeconds: 5000))
        try await rush(300, on: stage)
        let error = await #expect(throws: ContractError.self) { _ = try await send(.share) }
        #expect(error?.code == "lottery-lot.draw-time-runs")
        stage.clock.set(Stage.noon.advanced(bySeconds: 5199))
        #expect(try await send(.draw).payouts == [Payout(to: stage.receiver.address, units(40))])
        try await stage.expectConserved()
    }

    @Test func `hashes of blocks are remembered for so long, and then forgotten, however many there are`() async throws
    {
        let stage = try await Stage.funded()
        let first = try await stage.ledger.head().height
        let hash = { (height: UInt64) in try await stage.ledger.read { try $0.pastBlock(at: height)?.hash } }
        let before = try await hash(first)
        try await rush(600, on: stage)
        #expect(try await hash(first) == before && before != nil)
        stage.clock.set(Stage.noon.advanced(bySeconds: 255))
        try await rush(1, on: stage)
        #expect(try await hash(first) == before)
        stage.clock.set(Stage.noon.advanced(bySeconds: 256))
        #expect(try await hash(first) == nil)
        try await rush(150, on: stage)
        stage.clock.set(Stage.noon.advanced(bySeconds: 300))
        try await rush(300, on: stage)
        // What was forgotten is not made up of what came after it.
        for height in first..<(first + 590) { #expect(try await hash(height) == nil, "\(height)") }
        #expect(try await hash(first + 601) != nil)
        let kept = try await stage.ledger.database.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM block_hashes") ?? 0
        }
        #expect(kept == 451, "all that are younger than 256 s, however many")
    }
}
