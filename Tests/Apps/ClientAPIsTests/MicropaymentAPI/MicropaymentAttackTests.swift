// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingEncodings
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

/// Anybody may write to a relay, and the other side of a channel may be anybody.
@Suite("MicropaymentAPI under attack", .timeLimit(.minutes(1)))
struct MicropaymentAttackTests {
    private func package(
        _ state: TwoWayState, _ id: ChannelID, by signer: KeySigner, in domain: ContractDomain, isClose: Bool = false
    ) -> [UInt8] {
        let digest = isClose ? state.closeDigest(of: id, in: domain) : state.digest(of: id, in: domain)
        return StatePackage(
            UnverifiedTwoWayPayment(state, signature: signer.signNow(digest), isClose: isClose), of: id
        ).json.bytes
    }

    @Test func `the relay believes no state that the pinned key did not sign for more (weaknesses 2, 4, 6, 9, 13)`()
        async throws
    {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let other = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(10), on: id)
            _ = await connection.atBob.next { $0.nonce == 1 }
            let domain = pair.bob.domain
            let elsewhere = try #require(ContractDomain(.twoWay, on: Network(evm: 1)))
            let theft = pair.state(3, 80, 20)
            let replayed = StatePackage(
                UnverifiedTwoWayPayment(theft, signature: stage.alice.signNow(theft.digest(of: other, in: domain))),
                of: id
            ).json.bytes
            let alice = { (state: TwoWayState) in package(state, id, by: stage.alice, in: domain) }
            for (message, error) in [
                // Signed by herself, and by the relay itself.
                (
                    package(pair.state(3, 0, 100), id, by: stage.mallory, in: domain),
                    .signature(of: stage.alice.address)
                ),
                (package(pair.state(3, 0, 100), id, by: stage.bob, in: domain), .signature(of: stage.alice.address)),
                // The client takes everything back under a higher nonce.
                (alice(pair.state(3, 100, 0)), .party(.tooLittle(balance: .zero, least: units(10)))),
                (alice(pair.state(3, 100, 100)), .party(.sumMismatch(sum: units(200), needed: units(100)))),
                (
                    alice(TwoWayState(nonce: 3, firstBalance: .max, secondBalance: units(20))),
                    .party(.sumMismatch(sum: nil, needed: units(100)))
                ),
                (alice(pair.state(1, 80, 20)), .party(.nonceTaken(1))),
                (alice(pair.state(2, 80, 20)), .party(.wrongNonce(2))),
                (alice(pair.state(.max, 80, 20)), .party(.nonceLeap(nonce: .max, highest: 1))),
                // For another channel of the same two.
                (package(pair.state(3, 80, 20), other, by: stage.alice, in: domain), .otherChannel(other)),
                // The same, said to be for this one; and for this one on another chain.
                (replayed, .signature(of: stage.alice.address)),
                (
                    package(pair.state(3, 80, 20), id, by: stage.alice, in: elsewhere),
                    .signature(of: stage.alice.address)
                ),
                (Array("no JSON".utf8), .malformed(field: nil)),
                (Array("{}".utf8), .malformed(field: "data.nonce")),
                (Array(repeating: UInt8(ascii: "["), count: 1000), .malformed(field: nil)),
                ([0xff, 0xfe, 0x00], .malformed(field: nil)),
                ([], .malformed(field: nil)),
            ] as [([UInt8], MicropaymentError)] {
                try await pair.relay.put(message, in: "channels/\(id)/client")
                let trouble = await connection.bobTroubles.next()
                #expect(trouble == error)
            }
            let (state, answers) = (
                try await pair.bob.currentState(of: id), try await pair.bob.party(of: id)?.highest
            )
            #expect(state == pair.state(1, 90, 10) && answers == 1)
            // It still serves who pays.
            try await pair.client.pay(units(1), on: id)
            let served = await connection.atBob.next { $0.nonce == 3 }
            #expect(served == pair.state(3, 89, 11))
        }
    }

    @Test func `a key inside the message counts for nothing (weakness 2)`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            let state = pair.state(1, 0, 100)
            let signature = stage.mallory.signNow(state.digest(of: id, in: pair.bob.domain))
            let message: JSON = [
                "data": [
                    "channelId": .string("\(id)"), "nonce": "1", "clientBalance": "0", "relayBalance": "100",
                    "pubKey": .string(stage.mallory.address.hex),
                ],
                "signature": .string(signature.hex),
            ]
            try await pair.relay.put(message.bytes, in: "channels/\(id)/client")
            let trouble = await connection.bobTroubles.next()
            #expect(trouble == .signature(of: stage.alice.address))
        }
    }

    @Test func `what is oversize is not even read`() async throws {
        try await Stage.run { stage in
            let wide = WideRelay()
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let bob = try MicropaymentAPI(relay: wide, settlement: stage.ledger, store: stage.store("bob-2"))
            await bob.setSigner(stage.bob)
            let troubles = Inbox<MicropaymentError>()
            let served = try await bob.subscribeToChannel(
                id, policy: RelayPolicy(), onRefusal: { troubles.add($0) }, onState: { _ in })
            let trouble = await troubles.next()
            #expect(trouble == .oversize(bytes: 1_000_000, most: 1024))
            await served.stop()
            // The relay of our own does not even take it.
            let own = InProcessStateRelay()
            await #expect(throws: StateRelayError.tooLarge(bytes: 1025, most: 1024)) {
                try await own.put(Array(repeating: 0, count: 1025), in: "slot")
            }
        }
    }

    @Test func `the client takes no signature but the relay's over what it proposed`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let troubles = Inbox<MicropaymentError>()
            let heard = try await pair.client.subscribeToChannel(
                id, onRefusal: { troubles.add($0) }, onState: { _ in })
            let package = try await pair.client.pay(units(10), on: id)
            let digest = package.state.digest(of: id, in: pair.client.domain)
            for (message, error) in [
                (
                    StateSignature(nonce: 1, signature: stage.mallory.signNow(digest)).json.bytes,
                    .signature(of: stage.bob.address)
                ),
                (StateSignature(nonce: 1, signature: package.signature).json.bytes, .signature(of: stage.bob.address)),
                (StateSignature(nonce: 7, signature: stage.bob.signNow(digest)).json.bytes, .notAwaited(nonce: 7)),
                (Array("[]".utf8), .malformed(field: "stateNonce")),
                (Array(#"{"stateNonce":"1","signature":"0x00"}"#.utf8), .malformed(field: "signature")),
                (Array(#"{"stateNonce":1,"signature":"0x00"}"#.utf8), .malformed(field: "stateNonce")),
            ] as [([UInt8], MicropaymentError)] {
                try await pair.relay.put(message, in: "signatures/\(id)/relay")
                let trouble = await troubles.next()
                #expect(trouble == error)
            }
            let party = try await pair.client.party(of: id)
            #expect(party?.newest.nonce == 0 && party?.proposal == package.state)
            await heard.stop()
        }
    }

    @Test func `a relay countersigns nothing that its policy does not take (weakness 4)`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let policy = RelayPolicy(leastPayment: units(5), acceptsEnd: false) { state, gain in
                state.secondBalance < units(50) && gain < units(20)
            }
            let connection = try await pair.connect(id, policy: policy)
            let domain = pair.bob.domain
            for (state, error) in [
                (pair.state(1, 98, 2), .party(.tooLittle(balance: units(2), least: units(5)))),
                (pair.state(1, 75, 25), .declined(nonce: 1)),
            ] as [(TwoWayState, MicropaymentError)] {
                try await pair.relay.put(
                    package(state, id, by: stage.alice, in: domain), in: "channels/\(id)/client")
                let trouble = await connection.bobTroubles.next()
                #expect(trouble == error)
            }
            try await pair.relay.put(
                package(pair.state(0, 100, 0), id, by: stage.alice, in: domain, isClose: true),
                in: "channels/\(id)/client")
            let end = await connection.bobTroubles.next()
            #expect(end == .declined(nonce: 0))
            let untouched = try await pair.bob.party(of: id)?.highest
            #expect(untouched == 0)
            try await pair.client.pay(units(6), on: id)
            let taken = await connection.atClient.next { $0.nonce == 1 }
            #expect(taken == pair.state(1, 94, 6))
        }
    }

    @Test func `without a policy nothing is countersigned, only told`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let states = Inbox<TwoWayState>()
            let heard = try await pair.bob.subscribeToChannel(id) { states.add($0) }
            try await pair.client.pay(units(10), on: id)
            let told = await states.next { $0.nonce == 1 }
            #expect(told == pair.state(1, 90, 10))
            let party = try await pair.bob.party(of: id)
            #expect(party?.newest.nonce == 0 && party?.highest == 0)
            await heard.stop()
        }
    }

    @Test func `an end that would rob the relay is not signed`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(40), on: id)
            _ = await connection.atBob.next { $0.nonce == 1 }
            try await pair.relay.put(
                package(pair.state(1, 100, 0), id, by: stage.alice, in: pair.bob.domain, isClose: true),
                in: "channels/\(id)/client")
            let trouble = await connection.bobTroubles.next()
            #expect(trouble == .party(.tooLittle(balance: .zero, least: units(40))))
        }
    }

    @Test func `a relay that is full, and listeners beyond number, are refused`() async throws {
        let relay = InProcessStateRelay(mostSlots: 2)
        try await relay.put([1], in: "a")
        try await relay.put([2], in: "b")
        await #expect(throws: StateRelayError.full) { try await relay.put([3], in: "c") }
        await #expect(throws: StateRelayError.full) { _ = try await relay.messages(in: "c") }
        try await relay.put([4], in: "a")
        let newest = try await relay.messages(in: "a").first { _ in true }
        #expect(newest == [4])
    }
}

/// A relay on which somebody has written a megabyte.
private struct WideRelay: StateRelay {
    func put(_ message: [UInt8], in slot: String) async throws(StateRelayError) {}

    func messages(in slot: String) async throws(StateRelayError) -> AsyncStream<[UInt8]> {
        AsyncStream { continuation in
            if slot.hasPrefix("channels/") { continuation.yield(Array(repeating: UInt8(ascii: "1"), count: 1_000_000)) }
        }
    }
}
