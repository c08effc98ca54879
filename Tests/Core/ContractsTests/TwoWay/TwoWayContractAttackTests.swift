// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// What could be done to the contracts of Hedgehog and of the Stacks channel, tried on ours.
@Suite("Mallory at a two-way contract")
struct TwoWayContractAttackTests {
    typealias Refusal = TwoWayContract.Refusal
    let stage = TwoWayStage()

    // MARK: - Signatures

    @Test func `has both sides check the very bytes that were signed (Hedgehog 1, Stacks 1)`() throws {
        var contract = try stage.opened()
        let state = stage.state(1, 0, 150)
        let digest = state.digest(of: stage.channel, in: stage.domain)
        // Hedgehog signed the text of the digest, and checked its bytes.
        let text = hash(digest.hex)
        let wrong = TwoWaySignatures(first: Person.alice.sign(text), second: Person.bob.sign(text))
        #expect(throws: Refusal.signature(of: Person.alice.address)) {
            try contract.send(stage.startClose(SignedTwoWayState(state, wrong)))
        }
        let signed = stage.signed(1, 0, 150)
        #expect(signed.forger(under: stage.terms, of: stage.channel, in: stage.domain) == nil)
        try contract.send(stage.startClose(signed))
    }

    @Test func `makes no money out of a state, whoever signs it blindly (Hedgehog 4, 7, 12)`() throws {
        var contract = try stage.opened()
        for (first, second) in [(151, 0), (0, 151), (.max, 151), (.max, .max)] as [(UInt128, UInt128)] {
            #expect(throws: Refusal.self) { try contract.send(stage.startClose(stage.signed(1, first, second))) }
            #expect(throws: Refusal.self) { try contract.send(stage.closeTogether(1, first, second)) }
            #expect(throws: Refusal.self) { try contract.send(stage.resize(1, first, second)) }
            #expect(throws: Refusal.self) { try contract.send(stage.resize(1, 0, 150, out: (first, second))) }
        }
        #expect(contract.state.locked == units(150))
    }

    @Test func `cannot act for nobody, who never signs (Hedgehog 9: the zero signer)`() throws {
        var contract = TwoWayStage(second: 0) { $0.second = .zero }.unfunded()
        try contract.fund(100, by: .alice)
        let stage = TwoWayStage(second: 0) { $0.second = .zero }
        for signer in [Person.alice, .bob, .mallory] {
            #expect(throws: Refusal.signature(of: .zero)) {
                try contract.send(stage.closeTogether(1, 0, 100, by: (.alice, signer)))
            }
        }
        #expect(throws: Refusal.startSignature) { try contract.send(stage.startClose(by: .mallory)) }
        // And Alice's money is not stuck with nobody.
        try contract.send(stage.startClose())
        contract.wait(seconds: 3600)
        #expect(try contract.send(.finalize) == [Payout(to: Person.alice.address, units(100))])
    }

    @Test func `cannot use what was signed on another chain, or at another contract (Hedgehog 9, Stacks 7)`() throws {
        let domains = [
            try #require(ContractDomain(.twoWay, on: Network(evm: 1))),
            try #require(ContractDomain(.twoWay, on: Network(evm: 84_532), at: Person.token)),
            try #require(ContractDomain(.balanceProof, on: Network(evm: 84_532))),
        ]
        for domain in domains {
            try expectNothingCounts(of: TwoWayStage(in: domain))
        }
    }

    @Test func `cannot use what was signed for another channel of the same keys (Hedgehog 13, Stacks 7)`() throws {
        try expectNothingCounts(of: TwoWayStage(salt: "another"))
        try expectNothingCounts(of: TwoWayStage { $0.token = Person.carol.address })
    }

    @Test func `cannot use a signature for another purpose`() throws {
        var contract = try stage.opened()
        let state = stage.state(4, 0, 150)
        guard case .closeTogether(_, let close) = stage.closeTogether(4, 0, 150),
            case .resize(let resize, let resizing) = stage.resize(4, 0, 150)
        else { return }
        let signed = stage.signed(4, 0, 150)
        let refusal = Refusal.signature(of: Person.alice.address)
        for order in [
            .closeTogether(state, signed.signatures), .closeTogether(state, resizing),
            .resize(resize, signed.signatures), .resize(resize, close),
            stage.startClose(SignedTwoWayState(state, close)), stage.startClose(SignedTwoWayState(state, resizing)),
        ] as [TwoWayContract.Order] {
            #expect(throws: refusal) { try contract.send(order) }
        }
        // A start is signed for one nonce: it starts no close with another state.
        guard case .startClose(_, let start) = stage.startClose(stage.signed(3, 150, 0)) else { return }
        #expect(throws: Refusal.startSignature) { try contract.send(.startClose(nil, start)) }
        #expect(throws: Refusal.startSignature) { try contract.send(.startClose(signed, start)) }
    }

    private func expectNothingCounts(of other: TwoWayStage) throws {
        var contract = try stage.opened()
        for order in [
            other.closeTogether(1, 150, 0), other.resize(1, 150, 0), other.startClose(), other.cancel(),
            other.startClose(other.signed(1, 150, 0)), .challenge(other.signed(1, 150, 0)),
        ] {
            #expect(throws: Refusal.self) { try contract.send(order) }
        }
        try contract.send(stage.startClose())
        #expect(throws: Refusal.signature(of: Person.alice.address)) {
            try contract.send(.challenge(other.signed(1, 150, 0)))
        }
        var half = stage.unfunded()
        try half.fund(100, by: .alice)
        #expect(throws: Refusal.signature(of: Person.alice.address)) { try half.send(other.cancel()) }
    }

    // MARK: - Exits

    @Test func `cannot keep a deposit by never signing anything (Hedgehog 5)`() throws {
        var waiting = stage.unfunded()
        try waiting.fund(100, by: .alice)
        #expect(try waiting.send(stage.cancel()) == [Payout(to: Person.alice.address, units(100))])
        #expect(throws: Refusal.outOfTurn(phase: "closed")) { try waiting.fund(50, by: .bob) }
        var open = try stage.opened()
        try open.send(stage.startClose())
        open.wait(seconds: 3600)
        try open.send(.finalize)
        #expect(open.paid(to: .alice) == units(100))
    }

    @Test func `cannot hold money with an endless challenge period, or take it with none (Hedgehog 10, Stacks 8)`()
        throws
    {
        for seconds in [0, 1, 899, 2_592_001, .max] as [UInt64] {
            var contract = TwoWayStage { $0.challengeSeconds = seconds }.unfunded()
            #expect(throws: Refusal.terms(.challengePeriod(seconds: seconds))) { try contract.fund(100, by: .alice) }
        }
    }

    @Test func `cannot put the end off by challenging again and again (Hedgehog 10, MicroSTX 10)`() throws {
        var contract = try stage.opened()
        try contract.send(stage.startClose())
        for nonce in 1...12 as ClosedRange<UInt64> {
            contract.wait(seconds: 299)
            try contract.send(.challenge(stage.signed(nonce, 150 - UInt128(nonce), UInt128(nonce))))
        }
        contract.wait(seconds: 12)
        try contract.send(.finalize)
        #expect(contract.paid(to: .bob) == units(12))
    }

    @Test func `cannot block an end by a side that has nothing (Hedgehog 11, MicroSTX 6)`() throws {
        var together = try stage.opened()
        #expect(try together.send(stage.closeTogether(1, 0, 150)) == [Payout(to: Person.bob.address, units(150))])
        var alone = try stage.opened()
        try alone.send(stage.startClose(stage.signed(1, 150, 0)))
        alone.wait(seconds: 3600)
        #expect(try alone.send(.finalize) == [Payout(to: Person.alice.address, units(150))])
        var resized = try stage.opened()
        #expect(
            try resized.send(stage.resize(1, 0, 100, out: (50, 0))) == [Payout(to: Person.alice.address, units(50))])
    }

    @Test func `is answered when she ends with a state that is out of date (Hedgehog 15, Stacks 2)`() throws {
        var contract = try stage.opened()
        try contract.send(stage.startClose(stage.signed(1, 140, 10)))
        // Bob's newest, handed in by Carol, who watches for him.
        contract.wait(seconds: 3590)
        try contract.send(.challenge(stage.signed(7, 20, 130)))
        #expect(throws: Refusal.stale(nonce: 2, newest: 7)) { try contract.send(stage.closeTogether(2, 150, 0)) }
        contract.wait(seconds: 10)
        try contract.send(.finalize)
        #expect(contract.paid(to: .bob) == units(130))
    }

    @Test func `gains nothing by numbers that a float cannot hold (Hedgehog 14)`() throws {
        var contract = try stage.opened()
        try contract.send(stage.startClose(stage.signed(1 << 53, 150, 0)))
        try contract.send(.challenge(stage.signed(1 << 53 + 1, 75, 75)))
        try contract.send(.challenge(stage.signed(.max, 0, 150)))
        #expect(try contract.send(.challenge(stage.signed(0, 150, 0))) == [])
        contract.wait(seconds: 3600)
        #expect(try contract.send(.finalize) == [Payout(to: Person.bob.address, units(150))])
    }

    @Test func `cannot have a challenge end before it began (Stacks 3: the period is the channel's)`() throws {
        var contract = try stage.opened()
        contract.wait(seconds: 100_000_000)
        try contract.send(stage.startClose(stage.signed(1, 150, 0)))
        #expect(throws: Refusal.self) { try contract.send(.finalize) }
        contract.wait(seconds: 3598)
        try contract.send(.challenge(stage.signed(2, 0, 150)))
    }

    @Test func `cannot stop a channel whose party she is not (Stacks 4)`() throws {
        var contract = try stage.opened()
        for state in [nil, stage.signed(3, 75, 75)] {
            #expect(throws: Refusal.startSignature) {
                try contract.send(stage.startClose(state, by: .mallory))
            }
        }
        #expect(contract.state.phase == .open)
    }

    @Test func `cannot win a race for the end by being first (Stacks 5)`() throws {
        var contract = try stage.opened()
        // Alice asks for all that she put in; Bob shows in time what he is owed.
        try contract.send(stage.startClose(by: .alice))
        try contract.send(.challenge(stage.signed(3, 0, 150)))
        contract.wait(seconds: 3600)
        #expect(try contract.send(.finalize) == [Payout(to: Person.bob.address, units(150))])
    }

    @Test func `cannot end with what only one side has signed (Stacks 6)`() throws {
        var contract = try stage.opened()
        for signers in [(.alice, .alice), (.bob, .bob), (.alice, .mallory)] as [TwoWayStage.Signers] {
            #expect(throws: Refusal.self) {
                try contract.send(stage.startClose(stage.signed(1_000_000_000, 150, 0, by: signers)))
            }
        }
    }

    @Test func `cannot share a channel with herself (Stacks 8)`() throws {
        var contract = TwoWayStage { $0.second = $0.first }.unfunded()
        #expect(throws: Refusal.terms(.samePartner(Person.alice.address))) { try contract.fund(100, by: .alice) }
    }

    // MARK: - Old states after a resize

    @Test func `cannot bring back states from before a resize`() throws {
        var contract = try stage.opened()
        let old = stage.signed(4, 150, 0)
        try contract.send(stage.resize(5, 20, 30, out: (40, 60)))
        #expect(throws: Refusal.stale(nonce: 4, newest: 5)) { try contract.send(stage.startClose(old)) }
        // One that was signed for the old balances, with a nonce that is too high, is not what is there.
        #expect(throws: Refusal.sumMismatch(sum: units(150), needed: units(50))) {
            try contract.send(stage.startClose(stage.signed(6, 150, 0)))
        }
        try contract.send(stage.startClose(at: 5, by: .bob))
        #expect(try contract.send(.challenge(old)) == [])
        contract.wait(seconds: 3600)
        try contract.send(.finalize)
        #expect(contract.paid(to: .alice) == units(60))
        #expect(contract.paid(to: .bob) == units(90))
    }

    @Test func `cannot make the other's surplus her own, or her own a reason to void states`() throws {
        var contract = try stage.opened()
        let newest = stage.signed(4, 0, 150)
        try contract.fund(1, by: .alice)
        try contract.fund(500, by: .bob)
        #expect(throws: Refusal.sumMismatch(sum: units(651), needed: units(150))) {
            try contract.send(stage.startClose(stage.signed(5, 651, 0)))
        }
        try contract.send(stage.startClose(newest, by: .bob))
        contract.wait(seconds: 3600)
        try contract.send(.finalize)
        #expect(contract.paid(to: .bob) == units(650))
        #expect(contract.paid(to: .alice) == units(1))
    }
}
