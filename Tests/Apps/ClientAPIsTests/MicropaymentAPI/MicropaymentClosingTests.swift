// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

@Suite("MicropaymentAPI: ending a channel", .timeLimit(.minutes(1)))
struct MicropaymentClosingTests {
    @Test func `ends without any state when the relay never signs (weakness 5)`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            try await pair.client.pay(units(10), on: id)
            let receipt = try await pair.client.finalizeChannel(id)
            #expect(receipt.snapshot.state.phaseName == "closing")
            await #expect(throws: MicropaymentError.self) { try await pair.client.payOutChannel(id) }
            try await stage.wait(seconds: 900)
            try await pair.client.payOutChannel(id)
            let held = try await stage.holds(stage.alice)
            #expect(held == 1000)
        }
    }

    @Test func `ends from the relay's side with what both signed last`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(10), on: id)
            _ = await connection.atBob.next { $0.nonce == 1 }
            try await pair.bob.finalizeChannel(id)
            try await stage.wait(seconds: 900)
            try await pair.bob.watchContract(of: id)
            let held = try await stage.holds(stage.bob)
            #expect(held == 1010)
        }
    }

    @Test(arguments: RelayKind.allCases)
    func `ends at once when both agree`(over kind: RelayKind) async throws {
        try await Stage.run(over: kind) { stage, relays in
            let pair = try await Pair(stage, relays: relays)
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(30), on: id)
            let state = await connection.atClient.next { $0.nonce == 1 }
            try await pair.client.closeTogether(id)
            let ended = await connection.atBob.next { $0 == state }
            #expect(ended != nil)
            _ = await connection.atBob.next { $0 == state }
            let contract = try await pair.client.contract(of: id)
            #expect(contract?.state.phase == .closed(pair.state(1, 70, 30)))
            let held = try await stage.holds(stage.bob)
            #expect(held == 1030)
            await #expect(throws: MicropaymentError.self) { try await pair.client.pay(units(1), on: id) }
        }
    }

    @Test func `says an end that nobody heard again, until it is there`() async throws {
        try await Stage.run { stage in
            let relay = FadingRelay()
            let pair = try await Pair(stage, relays: Relays(client: relay, bob: relay))
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(30), on: id)
            let state = await connection.atClient.next { $0.nonce == 1 }
            await relay.turn(isDeaf: true)
            await #expect(throws: MicropaymentError.self) { try await pair.client.closeTogether(id) }
            await relay.turn(isDeaf: false)
            let monitor = try await pair.client.monitorChannel(id, every: .milliseconds(50), onSilence: {})
            for _ in 0..<2 { _ = await connection.atBob.next { $0 == state } }
            await monitor.stop()
            let contract = try await pair.client.contract(of: id)
            #expect(contract?.state.phase == .closed(pair.state(1, 70, 30)))
        }
    }

    /// Bob countersigned, and his signature is held back: what he is given is what Alice said herself.
    @Test func `takes an end with a state that it proposed and never heard of again`() async throws {
        try await Stage.run { stage in
            let relay = FadingRelay()
            await relay.turn(isSilent: true)
            let pair = try await Pair(stage, relays: Relays(client: relay, bob: relay))
            let id = try await pair.open(100)
            try await pair.client.pay(units(30), on: id)
            let heard = Inbox<TwoWayState>()
            let served = try await pair.bob.subscribeToChannel(id, policy: RelayPolicy()) { heard.add($0) }
            _ = await heard.next { $0.nonce == 1 }
            await served.stop()
            try await pair.bob.closeTogether(id)
            let ended = Inbox<TwoWayState>()
            let listening = try await pair.client.subscribeToChannel(id, policy: RelayPolicy()) { ended.add($0) }
            _ = await ended.next { $0 == pair.state(1, 70, 30) }
            await listening.stop()
            let contract = try await pair.client.contract(of: id)
            #expect(contract?.state.phase == .closed(pair.state(1, 70, 30)))
        }
    }

    @Test func `answers an end with an old state, and a finished one with the payout`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(10), on: id)
            let old = try #require(await connection.atClient.next { $0.nonce == 1 })
            let signatures = (
                try await pair.client.signState(old, of: id), try await pair.bob.signState(old, of: id)
            )
            try await pair.client.pay(units(50), on: id)
            _ = await connection.atBob.next { $0.nonce == 3 }
            let nothing = try await pair.bob.challengeChannel(id)
            #expect(nothing == nil)
            // Mallory's program uses Alice's key, and ends with the old state.
            let mallory = try MicropaymentAPI(
                relay: InProcessStateRelay(), settlement: stage.ledger, store: stage.store("mallory"))
            await mallory.setSigner(stage.alice)
            try await mallory.finalizeChannel(
                id, state: old, clientSignature: signatures.0, relaySignature: signatures.1)
            let answer = try await pair.bob.challengeChannel(id)
            #expect(answer?.snapshot.state.phaseName == "closing")
            try await stage.wait(seconds: 900)
            try await pair.bob.watchContract(of: id)
            let held = try await stage.holds(stage.bob)
            #expect(held == 1060)
        }
    }

    @Test func `hands in nothing that both did not sign`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let state = pair.state(1, 0, 100)
            let forged = stage.mallory.signNow(state.digest(of: id, in: pair.bob.domain))
            let own = stage.bob.signNow(state.digest(of: id, in: pair.bob.domain))
            await #expect(throws: MicropaymentError.signature(of: stage.alice.address)) {
                try await pair.bob.finalizeChannel(id, state: state, clientSignature: forged, relaySignature: own)
            }
            await #expect(throws: MicropaymentError.signature(of: stage.alice.address)) {
                try await pair.bob.finalizeChannel(id, state: state, clientSignature: own, relaySignature: own)
            }
            let broken = pair.state(1, 100, 100)
            await #expect(throws: MicropaymentError.party(.sumMismatch(sum: units(200), needed: units(100)))) {
                try await pair.bob.finalizeChannel(id, state: broken, clientSignature: own, relaySignature: own)
            }
            let head = try await pair.bob.contract(of: id)
            #expect(head?.state.phase == .open)
        }
    }

    @Test(arguments: [RelayKind.inProcess, .gun])
    func `monitors the other side and the contract, until it is stopped (weakness 15)`(
        over kind: RelayKind
    ) async throws {
        try await Stage.run(over: kind) { stage, relays in
            let pair = try await Pair(stage, relays: relays)
            let id = try await pair.open(100)
            let (silence, states) = (Inbox<Void>(), Inbox<TwoWayState>())
            let monitor = try await pair.client.monitorChannel(
                id, every: .milliseconds(5), onState: { states.add($0) }, onSilence: { silence.add(()) })
            let warned: Void? = await silence.next()
            #expect(warned != nil)
            // Somebody writes over what is not answered yet: it is published again.
            try await pair.client.pay(units(10), on: id)
            try await pair.relay.put(Array("{}".utf8), in: "channels/\(id)/client")
            let served = try await pair.bob.subscribeToChannel(id, policy: RelayPolicy()) { _ in }
            let state = await states.next { $0.nonce == 1 }
            #expect(state == pair.state(1, 90, 10))
            await monitor.stop()
            await monitor.stop()
            await served.stop()
            // Whoever has stopped hears nothing any more.
            try await pair.bob.pay(units(1), on: id)
            let current = try await pair.client.currentState(of: id)
            #expect(current == pair.state(1, 90, 10))
        }
    }
}

/// A relay that takes nothing, or shows no signatures, for a while.
private actor FadingRelay: StateRelay {
    private let relay = InProcessStateRelay()
    private var isDeaf = false
    private var isSilent = false

    func turn(isDeaf: Bool = false, isSilent: Bool = false) {
        self.isDeaf = isDeaf
        self.isSilent = isSilent
    }

    func put(_ message: [UInt8], in slot: String) async throws(StateRelayError) {
        guard !isDeaf else { throw .unavailable(reason: "it is deaf") }
        try await relay.put(message, in: slot)
    }

    func messages(in slot: String) async throws(StateRelayError) -> AsyncStream<[UInt8]> {
        if isSilent, slot.hasPrefix("signatures/") { return AsyncStream { _ in } }
        return try await relay.messages(in: slot)
    }
}
