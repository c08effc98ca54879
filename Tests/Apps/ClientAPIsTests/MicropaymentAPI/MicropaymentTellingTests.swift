// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingPrimitives
import Synchronization
import Testing

/// Whoever is paid must hear of it, whatever fails after the payment is in the store.
@Suite("MicropaymentAPI: telling of payments", .timeLimit(.minutes(1)))
struct MicropaymentTellingTests {
    @Test func `a payment is told though its countersignature could not be published, which is done later`()
        async throws
    {
        try await Stage.run { stage in
            let open = InProcessStateRelay()
            let cut = CutRelay(open)
            let pair = try await Pair(stage, relays: Relays(client: open, bob: cut))
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            cut.cut(true)
            try await pair.client.pay(units(10), on: id)
            let trouble = await connection.bobTroubles.next()
            #expect(trouble == .relay(.unavailable(reason: "the line is cut")))
            let taken = try await pair.bob.currentState(of: id)
            #expect(taken == pair.state(1, 90, 10))
            cut.cut(false)
            // Alice has no answer, and publishes again.
            try await pair.client.updateOffChainChannel(id, to: nil)
            let signed = await connection.atClient.next { $0.nonce == 1 }
            #expect(signed == pair.state(1, 90, 10))
            try await pair.client.pay(units(5), on: id)
            _ = await connection.atClient.next { $0.nonce == 3 }
            for subscription in connection.subscriptions { await subscription.stop() }
            // Each once, the first among them.
            var told: [UInt64] = []
            connection.atBob.add(pair.state(99, 0, 0))
            while let state = await connection.atBob.next(), state.nonce != 99 { told.append(state.nonce) }
            #expect(told == [0, 1, 3])
        }
    }

    @Test func `a payment that was in the store when the program was killed is told when it listens again`()
        async throws
    {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(10), on: id)
            _ = await connection.atClient.next { $0.nonce == 1 }
            for subscription in connection.subscriptions { await subscription.stop() }
            // As if Bob's program had ended before whoever sells heard of it.
            let bob = try MicropaymentAPI(
                relay: pair.relays.bob, settlement: stage.ledger, store: stage.storeAfterCrash(of: "relay", as: "after")
            )
            await bob.setSigner(stage.bob)
            let states = Inbox<TwoWayState>()
            let served = try await bob.subscribeToChannel(id, policy: RelayPolicy()) { states.add($0) }
            try await pair.client.pay(units(5), on: id)
            let first = await states.next()
            #expect(first == pair.state(1, 90, 10))
            await served.stop()
        }
    }

    @Test func `where nothing was paid nothing is told`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let states = Inbox<TwoWayState>()
            let heard = try await pair.client.subscribeToChannel(id) { states.add($0) }
            // Bob begins, too: the first that is told is what he published.
            try await pair.bob.openOffChainChannel(id, initialState: pair.state(0, 100, 0))
            let first = await states.next()
            await heard.stop()
            states.add(pair.state(99, 0, 0))
            let second = await states.next()
            #expect(first == pair.state(0, 100, 0) && second?.nonce == 99)
        }
    }
}

/// A relay that one side cannot write to as long as the line is cut.
private final class CutRelay: StateRelay {
    private let relay: InProcessStateRelay
    private let isCut = Mutex(false)

    init(_ relay: InProcessStateRelay) { self.relay = relay }

    func cut(_ now: Bool) { isCut.withLock { $0 = now } }

    func put(_ message: [UInt8], in slot: String) async throws(StateRelayError) {
        guard !isCut.withLock({ $0 }) else { throw .unavailable(reason: "the line is cut") }
        try await relay.put(message, in: slot)
    }

    func messages(in slot: String) async throws(StateRelayError) -> AsyncStream<[UInt8]> {
        try await relay.messages(in: slot)
    }
}
