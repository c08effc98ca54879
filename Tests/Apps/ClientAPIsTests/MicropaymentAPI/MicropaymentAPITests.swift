// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

@Suite("MicropaymentAPI", .timeLimit(.minutes(1)))
struct MicropaymentAPITests {
    @Test func `needs a signer that is a party`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open()
            let api = try MicropaymentAPI(
                relay: pair.relay, settlement: stage.ledger, store: stage.store("nobody"))
            await #expect(throws: MicropaymentError.noSigner) { try await api.pay(units(1), on: id) }
            await api.setSigner(stage.mallory)
            await #expect(throws: MicropaymentError.notParty(stage.mallory.address)) {
                try await api.pay(units(1), on: id)
            }
            #expect(api.contractAddress == ContractDomain.ledgerAddress(of: .twoWay))
        }
    }

    @Test func `begins with the deposits and nothing else, and only once`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let terms = pair.terms(100)
            let unknown = terms.channelID(in: pair.client.domain)
            await #expect(throws: MicropaymentError.unknownChannel(unknown)) {
                try await pair.client.openOffChainChannel(unknown, initialState: terms.opening)
            }
            let id = try await pair.client.openChannel(terms)
            let wrong = pair.state(0, 101, 0)
            await #expect(throws: MicropaymentError.notTheDeposits(wrong, deposits: terms.opening)) {
                try await pair.client.openOffChainChannel(id, initialState: wrong)
            }
            let package = try await pair.client.openOffChainChannel(id, initialState: terms.opening)
            #expect(package.state == terms.opening && package.channel == id)
            let current = try await pair.client.currentState(of: id)
            #expect(current == terms.opening)
            // Once more is harmless as long as nothing was signed.
            try await pair.client.openOffChainChannel(id, initialState: terms.opening)
            try await pair.client.pay(units(1), on: id)
            await #expect(throws: MicropaymentError.alreadyOpen(nonce: 1)) {
                try await pair.client.openOffChainChannel(id, initialState: terms.opening)
            }
        }
    }

    @Test(arguments: [0, 40] as [UInt128])
    func `makes a deposit once, however often it is asked, and whoever was restarted`(second: UInt128) async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let terms = pair.terms(60, second)
            let id = try await pair.client.openChannel(terms)
            let again = try await pair.client.openChannel(terms)
            // Its store is gone, too.
            let restarted = try MicropaymentAPI(
                relay: pair.relay, settlement: stage.ledger, store: stage.store("restarted"))
            await restarted.setSigner(stage.alice)
            let third = try await restarted.openChannel(terms)
            #expect(again == id && third == id)
            if second > 0 {
                for _ in 0..<2 { try await pair.bob.openChannel(terms) }
                try await pair.client.openChannel(terms)
            }
            let contract = try #require(try await pair.client.contract(of: id)?.state)
            #expect(contract.phase == .open && contract.locked == units(60 + second))
            #expect(contract.firstSurplus == .zero && contract.secondSurplus == .zero)
            let (alice, bob) = (try await stage.holds(stage.alice), try await stage.holds(stage.bob))
            #expect(alice == 940 && bob == 1000 - second)
        }
    }

    @Test func `opens in the contract when all deposits are in, and gives one back before that`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let terms = pair.terms(60, 40)
            let id = try await pair.client.openChannel(terms)
            await #expect(throws: MicropaymentError.self) { try await pair.client.pay(units(1), on: id) }
            try await pair.client.cancelChannel(id)
            // Its name is used up.
            await #expect(throws: MicropaymentError.party(.notOpen(phase: "closed"))) {
                try await pair.client.openChannel(terms)
            }
            let held = try await stage.holds(stage.alice)
            #expect(held == 1000)
            let other = try await pair.open(60, 40)
            let contract = try await pair.client.contract(of: other)
            #expect(contract?.state.phase == .open && contract?.state.locked == units(100))
            await #expect(throws: MicropaymentError.terms(.challengePeriod(seconds: 1))) {
                var hasty = terms
                hasty.challengeSeconds = 1
                try await pair.client.openChannel(hasty)
            }
            await #expect(throws: MicropaymentError.notEnoughTokens(has: units(940), needs: units(5000))) {
                try await pair.client.openChannel(pair.terms(5000))
            }
        }
    }

    @Test func `pays the contract's fee with the first deposit, and only when it was told to`() async throws {
        try await Stage.run { stage in
            try await stage.ledger.setLimits(
                ContractLimits(fee: units(5), feeReceiver: stage.mallory.address), of: .twoWay)
            let pair = try await Pair(stage)
            let terms = pair.terms(60, 40)
            for fee in [0, 4, 6] as [UInt128] {
                let error = await #expect(throws: MicropaymentError.self) {
                    try await pair.client.openChannel(terms, fee: units(fee))
                }
                #expect(error?.code == "two-way.deposit-mismatch")
            }
            await #expect(throws: MicropaymentError.notEnoughTokens(has: units(1000), needs: .max)) {
                try await pair.client.openChannel(terms, fee: .max)
            }
            let id = try await pair.client.openChannel(terms, fee: units(5))
            // The second pays none, and who asks again pays nothing more.
            try await pair.bob.openChannel(terms, fee: units(5))
            for api in [pair.client, pair.bob] { try await api.openChannel(terms, fee: units(5)) }
            let contract = try await pair.client.contract(of: id)?.state
            #expect(contract?.phase == .open && contract?.locked == units(100))
            let held = (
                try await stage.holds(stage.alice), try await stage.holds(stage.bob),
                try await stage.holds(stage.mallory)
            )
            #expect(held == (935, 960, 1005))
        }
    }

    @Test(arguments: [RelayKind.inProcess, .gun])
    func `pays by states that the relay countersigns, in both directions`(over kind: RelayKind) async throws {
        try await Stage.run(over: kind) { stage, relays in
            let pair = try await Pair(stage, relays: relays)
            let id = try await pair.open(60, 40)
            let connection = try await pair.connect(id)
            let state = try await pair.client.nextState(paying: units(10), on: id)
            #expect(state == pair.state(1, 50, 50))
            try await pair.client.updateOffChainChannel(id, to: state)
            let signed = await connection.atClient.next { $0.nonce == 1 }
            #expect(signed == state)
            let known = await connection.atBob.next { $0.nonce == 1 }
            #expect(known == state)
            // Bob gives something back, and Alice's side has a policy for that.
            let back = Inbox<TwoWayState>()
            let alsoServed = try await pair.client.subscribeToChannel(id, policy: RelayPolicy()) { back.add($0) }
            try await pair.bob.pay(units(5), on: id)
            let returned = await back.next { $0.nonce == 2 }
            #expect(returned == pair.state(2, 55, 45))
            let settled = await connection.atBob.next { $0.nonce == 2 }
            #expect(settled == returned)
            await alsoServed.stop()
        }
    }

    @Test func `publishes what was signed last again when no state is given`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open()
            let package = try await pair.client.pay(units(3), on: id)
            let again = try await pair.client.updateOffChainChannel(id, to: nil)
            #expect(again == package)
        }
    }

    @Test func `refuses states that no honest side signs (weakness 7)`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(10), on: id)
            _ = await connection.atClient.next { $0.nonce == 1 }
            for (state, error) in [
                (pair.state(0, 90, 10), .party(.stale(nonce: 0, newest: 1))),
                (pair.state(1, 80, 20), .party(.stale(nonce: 1, newest: 1))),
                (pair.state(2, 80, 20), .party(.wrongNonce(2))),
                (pair.state(3, 80, 30), .party(.sumMismatch(sum: units(110), needed: units(100)))),
                (
                    TwoWayState(nonce: 3, firstBalance: .max, secondBalance: units(1)),
                    .party(.sumMismatch(sum: nil, needed: units(100)))
                ),
                (pair.state(3, 95, 5), .takesBack(balance: units(5), given: units(10))),
                (pair.state(.max, 80, 20), .party(.nonceLeap(nonce: .max - 1, highest: 1))),
            ] as [(TwoWayState, MicropaymentError)] {
                await #expect(throws: error) { try await pair.client.updateOffChainChannel(id, to: state) }
                await #expect(throws: error) { _ = try await pair.client.signState(state, of: id) }
            }
            await #expect(throws: MicropaymentError.zeroAmount) { try await pair.client.pay(.zero, on: id) }
            await #expect(throws: MicropaymentError.party(.exceedsBalance(amount: units(91), balance: units(90)))) {
                try await pair.client.pay(units(91), on: id)
            }
            let current = try await pair.client.currentState(of: id)
            #expect(current == pair.state(1, 90, 10))
        }
    }

    @Test func `gives all of many payments at once`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { try await pair.client.pay(units(2), on: id) } }
                try await group.waitForAll()
            }
            let party = try await pair.client.party(of: id)
            #expect(party?.latest == pair.state(39, 60, 40))
        }
    }

    @Test func `signs states as the contract verifies them (weakness 1)`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open(100)
            let state = pair.state(1, 93, 7)
            let clientSignature = try await pair.client.signState(state, of: id)
            #expect(clientSignature.isBy(stage.alice.address, over: state.digest(of: id, in: pair.client.domain)))
            // Bob countersigns what arrives, by his policy.
            let connection = try await pair.connect(id)
            try await pair.client.updateOffChainChannel(id, to: nil)
            _ = await connection.atBob.next { $0 == state }
            let relaySignature = try await pair.bob.signState(state, of: id)
            let receipt = try await pair.client.finalizeChannel(
                id, state: state, clientSignature: clientSignature, relaySignature: relaySignature)
            #expect(receipt.transaction != nil && receipt.snapshot.state.phaseName == "closing")
            try await stage.wait(seconds: 900)
            let paid = try await pair.bob.payOutChannel(id)
            #expect(
                paid.payouts == [Payout(to: stage.alice.address, units(93)), Payout(to: stage.bob.address, units(7))])
        }
    }

    @Test func `knows each channel's own state (weakness 15)`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let (one, two) = (try await pair.open(100), try await pair.open(50))
            try await pair.client.pay(units(1), on: one)
            try await pair.client.pay(units(2), on: two)
            let (first, second) = (try await pair.client.party(of: one), try await pair.client.party(of: two))
            #expect(first?.latest == pair.state(1, 99, 1) && second?.latest == pair.state(1, 48, 2))
        }
    }

    @Test func `carries nonces that a JavaScript number cannot (weakness 14)`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let id = try await pair.open()
            let connection = try await pair.connect(id)
            // As far as the books let one go at a time.
            var nonce: UInt64 = 1
            while nonce < 1 << 34 {
                nonce += (1 << 32) - 2
                let next = try await pair.client.nextState(paying: units(1), on: id)
                let state = TwoWayState(
                    nonce: nonce, firstBalance: next.firstBalance, secondBalance: next.secondBalance)
                try await pair.client.updateOffChainChannel(id, to: state)
                let signed = await connection.atClient.next { $0.nonce == nonce }
                #expect(signed == state)
            }
            let text = StatePackage(
                UnverifiedTwoWayPayment(
                    pair.state(.max, 1, 2), signature: stage.alice.signNow(.zero)), of: id
            ).json.text
            #expect(text.contains("\"18446744073709551615\""))
        }
    }

    @Test(arguments: RelayKind.allCases)
    func `goes on after a crash with what it signed`(over kind: RelayKind) async throws {
        try await Stage.run(over: kind) { stage, relays in
            let pair = try await Pair(stage, relays: relays)
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(10), on: id)
            _ = await connection.atClient.next { $0.nonce == 1 }
            for subscription in connection.subscriptions { await subscription.stop() }
            let unanswered = try await pair.client.pay(units(5), on: id)

            let client = try MicropaymentAPI(
                relay: pair.relay, settlement: stage.ledger, store: stage.storeAfterCrash(of: "client", as: "client-2"))
            await client.setSigner(stage.alice)
            let party = try await client.party(of: id)
            #expect(party?.newest == pair.state(1, 90, 10) && party?.proposal == unanswered.state)
            let relay = try MicropaymentAPI(
                relay: relays.bob, settlement: stage.ledger, store: stage.storeAfterCrash(of: "relay", as: "relay-2"))
            await relay.setSigner(stage.bob)
            // What lies in the relay is taken when Bob listens again, and Alice gets the answer.
            let states = Inbox<TwoWayState>()
            let served = try await relay.subscribeToChannel(id, policy: RelayPolicy()) { _ in }
            let heard = try await client.subscribeToChannel(id) { states.add($0) }
            let state = await states.next { $0.nonce == 3 }
            #expect(state == unanswered.state)
            await served.stop()
            await heard.stop()
            try await client.finalizeChannel(id)
            try await stage.wait(seconds: 900)
            try await relay.payOutChannel(id)
            let held = try await stage.holds(stage.bob)
            #expect(held == 1015)
        }
    }

    @Test func `publishes nothing that is not on the disk`() async throws {
        try await Stage.run { stage in
            let store = FailingStore()
            let pair = try await Pair(stage, clientStore: store)
            let id = try await pair.open()
            store.fail(true)
            await #expect(throws: MicropaymentError.store(.full(path: "the disk"))) {
                try await pair.client.pay(units(1), on: id)
            }
            store.fail(false)
            let opening = try await pair.relay.messages(in: "channels/\(id)/client").first { _ in true }
            let text = String(decoding: try #require(opening), as: UTF8.self)
            #expect(text.contains("\"nonce\":\"0\""))
        }
    }
}
