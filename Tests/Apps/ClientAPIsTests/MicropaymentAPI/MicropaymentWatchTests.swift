// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingTwoWayScheme
import Synchronization
import Testing

/// The contract does not stand still while it is looked at.
@Suite("MicropaymentAPI: watching while blocks go by", .timeLimit(.minutes(1)))
struct MicropaymentWatchTests {
    private struct Robbery {
        let pair: Pair
        let id: ChannelID
        let settlement: HookedSettlement
        /// Bob, on the settlement with hooks.
        let bob: MicropaymentAPI

        /// Alice has given Bob 60, and ends with a state in which he has 10.
        init(_ stage: Stage) async throws {
            let bobStore = try stage.store("relay")
            pair = try await Pair(stage, bobStore: bobStore)
            id = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(10), on: id)
            let old = try #require(await connection.atClient.next { $0.nonce == 1 })
            let signatures = (
                try await pair.client.signState(old, of: id), try await pair.bob.signState(old, of: id)
            )
            try await pair.client.pay(units(50), on: id)
            _ = await connection.atBob.next { $0.nonce == 3 }
            for subscription in connection.subscriptions { await subscription.stop() }
            let mallory = try MicropaymentAPI(
                relay: InProcessStateRelay(), settlement: stage.ledger, store: stage.store("mallory"))
            await mallory.setSigner(stage.alice)
            try await mallory.finalizeChannel(
                id, state: old, clientSignature: signatures.0, relaySignature: signatures.1)
            settlement = HookedSettlement(stage.ledger)
            bob = try MicropaymentAPI(relay: pair.relays.bob, settlement: settlement, store: bobStore)
            await bob.setSigner(stage.bob)
        }

        func knownNonce() async throws -> UInt64? {
            guard case .closing(let state, _)? = try await pair.client.contract(of: id)?.state.phase else { return nil }
            return state.nonce
        }
    }

    @Test func `an old state is answered when a block falls after every look at the contract`() async throws {
        try await Stage.run { stage in
            let robbery = try await Robbery(stage)
            robbery.settlement.afterReading { _ = try? await stage.ledger.advance(blocks: 1) }
            let answer = try await robbery.bob.challengeChannel(robbery.id)
            let nonce = try await robbery.knownNonce()
            #expect(answer != nil && nonce == 3)
            try await stage.wait(seconds: 900)
            let paid = try await robbery.bob.watchContract(of: robbery.id)
            let held = try await stage.holds(stage.bob)
            #expect(paid != nil && held == 1060)
        }
    }

    @Test func `a monitor answers it too`() async throws {
        try await Stage.run { stage in
            let robbery = try await Robbery(stage)
            let looks = Inbox<Void>()
            robbery.settlement.afterReading { _ = try? await stage.ledger.advance(blocks: 1) }
            let monitor = try await robbery.bob.monitorChannel(
                robbery.id, every: .milliseconds(1), onSilence: { looks.add(()) })
            // Silence is told after a whole look.
            for _ in 0..<2 { _ = await looks.next() }
            await monitor.stop()
            let nonce = try await robbery.knownNonce()
            #expect(nonce == 3)
        }
    }

    @Test func `an old state is answered when another task has read a later block meanwhile`() async throws {
        try await Stage.run { stage in
            let robbery = try await Robbery(stage)
            // What is looked at is a block behind what the other task has brought into the same books by then.
            let (other, id) = (robbery.pair.bob, robbery.id)
            let isFirst = Mutex(true)
            robbery.settlement.afterReading {
                let isFirstLook = isFirst.withLock { first in
                    defer { first = false }
                    return first
                }
                guard isFirstLook else { return }
                _ = try? await stage.ledger.advance(blocks: 1)
                await (try? other.subscribeToChannel(id) { _ in })?.stop()
            }
            let before = try await stage.ledger.head().height
            let answer = try await robbery.bob.watchContract(of: id)
            let (nonce, party) = (try await robbery.knownNonce(), try await robbery.bob.party(of: id))
            #expect(answer != nil && nonce == 3)
            // The other task did bring it.
            let readIn = try #require(party?.readIn.height)
            #expect(readIn > before)
        }
    }
}
