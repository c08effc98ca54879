// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingEVMSettlement
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

@Suite("MicropaymentAPI on a chain", .timeLimit(.minutes(5)))
struct MicropaymentOnChainTests {
    private static func terms(
        _ ground: ChainGround, _ first: UInt128 = 100, _ second: UInt128 = 0
    ) -> TwoWayTerms {
        TwoWayTerms(
            first: ground.alice.address, second: ground.bob.address, token: ground.token,
            firstDeposit: units(first), secondDeposit: units(second), challengeSeconds: 900, salt: .random())
    }

    private static func state(_ nonce: UInt64, _ first: UInt128, _ second: UInt128) -> TwoWayState {
        TwoWayState(nonce: nonce, firstBalance: units(first), secondBalance: units(second))
    }

    @Test func `opens, pays in both directions and ends at once when both agree`() async throws {
        try await ChainGround.run(.twoWay) { ground in
            let relay = InProcessStateRelay()
            let alice = try await ground.micropayments(by: ground.alice, over: relay)
            let bob = try await ground.micropayments(by: ground.bob, over: relay)
            #expect(alice.contractAddress == ground.registry.contracts[.twoWay])
            let terms = Self.terms(ground, 100, 50)
            let id = try await alice.openChannel(terms)
            let opening = try await alice.contract(of: id)
            #expect(opening?.state.phaseName == "opening")
            try await bob.openChannel(terms)
            let open = try await bob.contract(of: id)
            #expect(open?.state.phaseName == "open")
            try await alice.openOffChainChannel(id, initialState: terms.opening)
            let (atAlice, atBob) = (Inbox<TwoWayState>(), Inbox<TwoWayState>())
            let subscriptions = [
                try await alice.subscribeToChannel(id, policy: RelayPolicy()) { atAlice.add($0) },
                try await bob.subscribeToChannel(id, policy: RelayPolicy()) { atBob.add($0) },
            ]
            let next = try await alice.nextState(paying: units(10), on: id)
            try await alice.updateOffChainChannel(id, to: next)
            var (toAlice, toBob) = (await atAlice.next { $0.nonce == 1 }, await atBob.next { $0.nonce == 1 })
            #expect(toAlice == Self.state(1, 90, 60) && toBob == toAlice)
            try await bob.pay(units(25), on: id)
            (toAlice, toBob) = (await atAlice.next { $0.nonce == 2 }, await atBob.next { $0.nonce == 2 })
            let agreed = Self.state(2, 115, 35)
            #expect(toAlice == agreed && toBob == agreed)
            let (current, party) = (try await alice.currentState(of: id), try await alice.party(of: id))
            #expect(current == agreed && party?.newest == agreed)
            try await alice.closeTogether(id)
            let ended = await atBob.next { $0 == agreed }
            let contract = try await alice.contract(of: id)
            #expect(ended == agreed && contract?.state.phase == .closed(agreed))
            let held = (try await ground.holds(ground.alice), try await ground.holds(ground.bob))
            #expect(held == (ChainGround.riches + 15, ChainGround.riches - 15))
            await #expect(throws: MicropaymentError.self) { try await alice.pay(units(1), on: id) }
            for subscription in subscriptions { await subscription.stop() }
        }
    }

    /// Both parties, and a channel that one of them opened on the chain and off it.
    private static func opened(
        _ ground: ChainGround
    ) async throws -> (alice: MicropaymentAPI, bob: MicropaymentAPI, channel: ChannelID) {
        let relay = InProcessStateRelay()
        let alice = try await ground.micropayments(by: ground.alice, over: relay)
        let bob = try await ground.micropayments(by: ground.bob, over: relay)
        let terms = terms(ground)
        let id = try await alice.openChannel(terms)
        try await alice.openOffChainChannel(id, initialState: terms.opening)
        return (alice, bob, id)
    }

    @Test func `answers an old state in the challenge period, and is paid after it`() async throws {
        try await ChainGround.run(.twoWay) { ground in
            let (alice, bob, id) = try await Self.opened(ground)
            let (atAlice, atBob) = (Inbox<TwoWayState>(), Inbox<TwoWayState>())
            let served = try await bob.subscribeToChannel(id, policy: RelayPolicy()) { atBob.add($0) }
            let heard = try await alice.subscribeToChannel(id) { atAlice.add($0) }
            try await alice.pay(units(10), on: id)
            let old = try #require(await atAlice.next { $0.nonce == 1 })
            let signatures = (try await alice.signState(old, of: id), try await bob.signState(old, of: id))
            try await alice.pay(units(50), on: id)
            let newest = await atBob.next { $0.nonce == 3 }
            #expect(newest == Self.state(3, 40, 60))
            let nothing = try await bob.challengeChannel(id)
            #expect(nothing == nil, "nobody ends it")
            // A program of Alice's that has lost its books, or says so, ends with the old state.
            let forgetful = try await ground.micropayments(by: ground.alice, over: InProcessStateRelay())
            let ended = try await forgetful.finalizeChannel(
                id, state: old, clientSignature: signatures.0, relaySignature: signatures.1)
            #expect(ended.snapshot.state.phaseName == "closing")
            let answer = try await bob.challengeChannel(id)
            #expect(answer?.transaction != nil)
            await #expect(throws: MicropaymentError.self) { try await bob.payOutChannel(id) }
            try await ground.leap(seconds: 901)
            let paid = try await bob.payOutChannel(id)
            #expect(paid.snapshot.state.phase == .closed(Self.state(3, 40, 60)))
            let held = try await ground.holds(ground.bob)
            #expect(held == ChainGround.riches + 60)
            let nothingLeft = try await alice.watchContract(of: id)
            #expect(nothingLeft == nil)
            await served.stop()
            await heard.stop()
        }
    }

    @Test func `gives all back when the other side never comes, or never signs`() async throws {
        try await ChainGround.run(.twoWay) { ground in
            let alice = try await ground.micropayments(by: ground.alice, over: InProcessStateRelay())
            let awaited = try await alice.openChannel(Self.terms(ground, 100, 50))
            let cancelled = try await alice.cancelChannel(awaited)
            #expect(cancelled.payouts == [Payout(to: ground.alice.address, units(100))])
            let terms = Self.terms(ground)
            let id = try await alice.openChannel(terms)
            try await alice.openOffChainChannel(id, initialState: terms.opening)
            try await alice.pay(units(10), on: id)
            try await alice.finalizeChannel(id)
            try await ground.leap(seconds: 901)
            let paid = try await alice.watchContract(of: id)
            #expect(paid?.transaction != nil)
            let held = try await ground.holds(ground.alice)
            #expect(held == ChainGround.riches)
        }
    }

    @Test func `monitors the contract, and answers an old end and takes the payout by itself`() async throws {
        try await ChainGround.run(.twoWay) { ground in
            let (alice, bob, id) = try await Self.opened(ground)
            let (states, silence) = (Inbox<TwoWayState>(), Inbox<Void>())
            let monitor = try await bob.monitorChannel(
                id, every: .milliseconds(50), policy: RelayPolicy(), onState: { states.add($0) },
                onSilence: { silence.add(()) })
            try await alice.pay(units(30), on: id)
            let state = await states.next { $0.nonce == 1 }
            #expect(state == Self.state(1, 70, 30))
            // Alice ends as if nothing had been paid.
            let forgetful = try await ground.micropayments(by: ground.alice, over: InProcessStateRelay())
            try await forgetful.finalizeChannel(id)
            var isAnswered = false
            while !isAnswered {
                guard await silence.next() != nil else { break }
                if case .closing(let newest, _)? = try await forgetful.contract(of: id)?.state.phase {
                    isAnswered = newest == Self.state(1, 70, 30)
                }
            }
            try await ground.leap(seconds: 901)
            while try await forgetful.contract(of: id)?.state.phaseName == "closing" {
                guard await silence.next() != nil else { break }
            }
            await monitor.stop()
            let held = try await ground.holds(ground.bob)
            #expect(held == ChainGround.riches + 30)
        }
    }
}
