// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// What could be done to the contract of MicroSTX, tried on ours.
@Suite("Mallory at a two-way contract with limits and fees")
struct TwoWayContractMicroSTXTests {
    typealias Refusal = TwoWayContract.Refusal

    /// Mallory puts in one unit, and names Bob for a share that he never pays in.
    private func unfundedShare() throws -> (TwoWayStage, PlayedContract<TwoWayContract>) {
        let stage = TwoWayStage(first: 1, second: 999_999) { $0.first = Person.mallory.address }
        var contract = stage.unfunded()
        try contract.fund(1, by: .mallory)
        return (stage, contract)
    }

    @Test func `is paid nothing out of a share that is not in (MicroSTX 1: theft by an unfunded share)`() throws {
        var (stage, contract) = try unfundedShare()
        // Bob is her own second account: it signs whatever she likes.
        let signers = (Person.mallory, Person.bob)
        for order in [
            stage.closeTogether(1, 1_000_000, 0, by: signers), stage.resize(1, 0, 0, out: (1_000_000, 0), by: signers),
            stage.startClose(stage.signed(1, 1_000_000, 0, by: signers), by: .mallory),
            stage.startClose(by: .mallory), .challenge(stage.signed(1, 1_000_000, 0, by: signers)), .finalize,
        ] {
            #expect(throws: Refusal.outOfTurn(phase: "opening")) { try contract.send(order) }
        }
        #expect(contract.state.locked == units(1))
        try contract.send(stage.cancel(by: .mallory))
        #expect(contract.paid(to: .mallory) == units(1))
        #expect(contract.paid(to: .bob) == .zero)
    }

    @Test func `cannot keep the other from paying its share in (MicroSTX 2: it never could)`() throws {
        let stage = TwoWayStage()
        var contract = stage.unfunded()
        try contract.fund(100, by: .alice)
        for amount in [0, 49, 51, 100] as [UInt128] {
            #expect(throws: Refusal.depositMismatch(deposit: units(amount), needed: units(50))) {
                try contract.fund(amount, by: .bob)
            }
        }
        try contract.fund(50, by: .bob)
        #expect(contract.state.phase == .open)
    }

    @Test func `cannot set balances alone (MicroSTX 3: no signatures at all)`() throws {
        let stage = TwoWayStage()
        var contract = try stage.opened()
        for signers in [(.alice, .alice), (.bob, .bob), (.mallory, .mallory)] as [TwoWayStage.Signers] {
            #expect(throws: Refusal.self) { try contract.send(stage.resize(1, 150, 0, by: signers)) }
            #expect(throws: Refusal.self) {
                try contract.send(stage.startClose(stage.signed(1, 150, 0, by: signers)))
            }
        }
        #expect(contract.state.base == stage.terms.opening)
    }

    @Test func `cannot close at once without the other (MicroSTX 4)`() throws {
        let stage = TwoWayStage()
        var contract = try stage.opened()
        #expect(throws: Refusal.signature(of: Person.bob.address)) {
            try contract.send(stage.closeTogether(0, 100, 50, by: (.alice, .alice)))
        }
        try contract.send(stage.startClose())
        #expect(throws: Refusal.self) { try contract.send(.finalize) }
        #expect(contract.paid(to: .alice) == .zero)
    }

    @Test func `cannot dispute without evidence (MicroSTX 5)`() throws {
        let stage = TwoWayStage()
        var contract = try stage.opened()
        #expect(throws: Refusal.signature(of: Person.bob.address)) {
            try contract.send(stage.startClose(stage.signed(9, 150, 0, by: (.alice, .alice))))
        }
        // What she may start with alone is what each put in, and Bob can answer that.
        try contract.send(stage.startClose())
        try contract.send(.challenge(stage.signed(1, 0, 150)))
        #expect(throws: Refusal.signature(of: Person.bob.address)) {
            try contract.send(.challenge(stage.signed(9, 150, 0, by: (.alice, .alice))))
        }
    }

    @Test func `can open with a share of nothing on either side, and end it (MicroSTX 6)`() throws {
        for stage in [TwoWayStage(first: 0, second: 50), TwoWayStage(first: 100, second: 0)] {
            var contract = try stage.opened()
            try contract.send(stage.startClose())
            contract.wait(seconds: 3600)
            #expect(try contract.send(.finalize).count == 1)
            #expect(contract.state.locked == .zero)
        }
    }

    @Test func `uses up nobody's quota by naming him, nor her own for ever (MicroSTX 7)`() throws {
        // Bob has as many channels as he may; Mallory may name him all the same.
        var named = TwoWayStage(second: 0).unfunded()
        named.limits = ContractLimits(openChannels: 3)
        named.openChannels = [Person.alice.address: 2, Person.bob.address: 3]
        try named.fund(100, by: .alice)
        // What counts is where an account has money now; a closed channel holds none.
        let stage = TwoWayStage()
        var contract = try stage.opened()
        try contract.send(stage.closeTogether(1, 100, 50))
        #expect(contract.state.locked.isZero)
    }

    @Test func `cannot make the sum of what is locked go below nothing (MicroSTX 9)`() throws {
        var (stage, contract) = try unfundedShare()
        #expect(contract.state.locked == units(1))
        try contract.send(stage.cancel(by: .mallory))
        #expect(contract.state.locked == .zero)
        #expect(try contract.send(stage.cancel(by: .mallory)) == [])
        #expect(contract.paid(to: .mallory) == units(1))
    }

    @Test func `cannot call off a channel that is open (MicroSTX 10: an end by time)`() throws {
        let stage = TwoWayStage()
        var contract = try stage.opened()
        contract.wait(seconds: 100_000_000)
        for person in [Person.alice, .bob] {
            #expect(throws: Refusal.outOfTurn(phase: "open")) { try contract.send(stage.cancel(by: person)) }
        }
        // Nor one that is half open, in the name of whoever has paid.
        var half = stage.unfunded()
        try half.fund(50, by: .bob)
        #expect(throws: Refusal.signature(of: Person.bob.address)) { try half.send(stage.cancel(by: .alice)) }
    }

    @Test func `cannot have the fee taken twice, or out of what is locked`() throws {
        let stage = TwoWayStage()
        var contract = stage.unfunded()
        contract.limits = ContractLimits(fee: units(9), feeReceiver: Person.carol.address)
        try contract.fund(109, by: .alice)
        try contract.fund(50, by: .bob)
        try contract.fund(5, by: .bob)
        try contract.send(stage.closeTogether(1, 150, 0))
        #expect(contract.paid(to: .carol) == units(9))
        #expect(contract.paid(to: .alice) == units(150))
        #expect(contract.paid(to: .bob) == units(5))
    }
}
