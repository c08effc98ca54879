// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

/// Several read the events of one settlement, each from a place of its own.
@Suite("Places of those who read events", .timeLimit(.minutes(5)))
struct EventPlaceTests {
    /// Opens three channels, with more blocks between them than a reader goes back after a restart.
    private func openThree(on chain: TestChain) async throws -> [ChannelID] {
        var channels: [ChannelID] = []
        for salt in 1...3 as ClosedRange<UInt64> {
            try await chain.open(1000, in: chain.terms(salt: salt), salt: salt)
            channels.append(chain.settlement.domain.channelID(of: chain.terms(salt: salt)))
            try await chain.devnet.ask("anvil_mine", 200)
        }
        return channels
    }

    /// A settlement as after a restart, which asks for few blocks at once.
    private func restarted(_ chain: TestChain) throws -> EVMSettlement {
        var limits = ChainReader.Limits()
        limits.blocksPerStep = 50
        return try EVMSettlement(
            urls: chain.devnet.urls, signer: nil, contracts: chain.settlement.contracts, limits: limits,
            sending: TestChain.policy)
    }

    /// All that is told after a place, once the chain may be asked again.
    private func rest(of settlement: EVMSettlement, after place: UInt64) async throws -> [SettlementEvent] {
        var events: [SettlementEvent] = []
        while true {
            try await Task.sleep(for: .milliseconds(30))
            let page = try await settlement.events(after: events.last?.sequence ?? place, limit: 2)
            guard !page.isEmpty else { return events }
            events += page
        }
    }

    /// A scheme that is taken up again, an endpoint that fails, and a restart before the scheme has caught up.
    @Test func `Whoever is far behind another skips nothing when the endpoint fails and the node restarts`()
        async throws
    {
        try await TestChain.open { chain in
            let channels = try await openThree(on: chain)
            let ahead = try #require(try await chain.settlement.events(after: 0, limit: 100).last?.sequence)

            let node = try restarted(chain)
            _ = try await node.events(after: ahead, limit: 100)
            let first = try await node.events(after: 0, limit: 2)
            let place = try #require(first.last?.sequence)
            #expect(Set(first.compactMap(\.channel)) == [channels[0]])
            try await Task.sleep(for: .milliseconds(30))
            try await chain.devnet.ask("devnet_fault", ["method": "eth_getLogs", "kind": "http", "count": .null])
            await #expect(throws: SettlementError.self) { try await node.events(after: place, limit: 2) }
            await node.shutdown()
            try await chain.devnet.ask("devnet_clearFaults")

            let next = try restarted(chain)
            let told = try await rest(of: next, after: place)
            #expect(Set(told.compactMap(\.channel)).isSuperset(of: channels[1...]))
            await next.shutdown()
        }
    }

    @Test func `Whoever is ahead is told nothing again for another that begins`() async throws {
        try await TestChain.open { chain in
            let channels = try await openThree(on: chain)
            let node = try restarted(chain)
            let ahead = try #require(try await rest(of: node, after: 0).last?.sequence)
            await node.shutdown()
            let next = try restarted(chain)
            let place = try await rest(of: next, after: ahead).last?.sequence ?? ahead
            let first = try await next.events(after: 0, limit: 2)
            try await Task.sleep(for: .milliseconds(30))
            let again = try await next.events(after: place, limit: 2)
            #expect(again.isEmpty)
            let all = try await rest(of: next, after: try #require(first.last?.sequence))
            #expect((first + all).compactMap(\.channel).starts(with: channels.flatMap { [$0, $0] }))
            await next.shutdown()
        }
    }

    @Test func `Those who have caught up ask the chain once for all of them`() async throws {
        try await TestChain.open { chain in
            _ = try await openThree(on: chain)
            let place = try #require(try await rest(of: chain.settlement, after: 0).last?.sequence)
            try await chain.devnet.ask("anvil_mine", 1)
            try await chain.devnet.count("eth_getLogs")
            try await Task.sleep(for: .milliseconds(30))
            for _ in 0..<8 { #expect(try await chain.settlement.events(after: place, limit: 2).isEmpty) }
            #expect(try await chain.devnet.counted("eth_getLogs") == 1)
        }
    }
}
