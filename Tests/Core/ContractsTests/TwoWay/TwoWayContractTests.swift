// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A two-way contract")
struct TwoWayContractTests {
    let stage = TwoWayStage()

    func payouts(_ first: UInt128, _ second: UInt128) -> [Payout] {
        [Payout(to: Person.alice.address, units(first)), Payout(to: Person.bob.address, units(second))]
    }

    @Test func `is open when all is in that was agreed on, whoever comes first`() throws {
        for order in [[Person.alice, .bob], [.bob, .alice]] {
            var contract = stage.unfunded()
            for person in order {
                #expect(contract.state.phaseName == "opening")
                try contract.fund(person == .alice ? 100 : 50, by: person)
            }
            #expect(contract.state.phase == .open)
            #expect(contract.state.locked == units(150))
        }
    }

    @Test func `is open at once when only one party puts something in`() throws {
        for stage in [TwoWayStage(first: 100, second: 0), TwoWayStage(first: 0, second: 50)] {
            #expect(try stage.opened().state.phase == .open)
        }
    }

    @Test func `pays both at once when both sign the close`() throws {
        var contract = try stage.opened()
        #expect(try contract.send(stage.closeTogether(3, 20, 130)) == payouts(20, 130))
        #expect(contract.state.phase == .closed(stage.state(3, 20, 130)))
        #expect(contract.state.locked == .zero)
        #expect(try contract.send(stage.closeTogether(3, 20, 130)) == [])
    }

    @Test func `pays after the challenge period when one party is gone`() throws {
        var contract = try stage.opened()
        try contract.send(stage.startClose(stage.signed(4, 130, 20), by: .bob))
        #expect(contract.state.phaseName == "closing")
        contract.wait(seconds: 3600)
        #expect(try contract.send(.finalize) == payouts(130, 20))
        #expect(try contract.send(.finalize) == [])
    }

    @Test func `gives each its deposit back when nothing was ever signed`() throws {
        for person in [Person.alice, .bob] {
            var contract = try stage.opened()
            try contract.send(stage.startClose(by: person))
            contract.wait(seconds: 3600)
            #expect(try contract.send(.finalize) == payouts(100, 50))
        }
    }

    @Test func `takes the newest state that anybody shows in time`() throws {
        var contract = try stage.opened()
        try contract.send(stage.startClose())
        try contract.send(.challenge(stage.signed(2, 80, 70)))
        contract.wait(seconds: 3598)
        try contract.send(.challenge(stage.signed(9, 10, 140)))
        #expect(try contract.send(.challenge(stage.signed(9, 10, 140))) == [])
        #expect(try contract.send(.challenge(stage.signed(2, 80, 70))) == [])
        contract.wait(seconds: 2)
        #expect(try contract.send(.finalize) == payouts(10, 140))
        #expect(try contract.send(.challenge(stage.signed(9, 10, 140))) == [])
    }

    @Test func `still closes together while a challenge runs, and after it`() throws {
        for wait in [0, 5000] as [Int64] {
            var contract = try stage.opened()
            try contract.send(stage.startClose(stage.signed(4, 130, 20)))
            contract.wait(seconds: wait)
            #expect(try contract.send(stage.closeTogether(4, 75, 75)) == payouts(75, 75))
        }
    }

    @Test func `takes a start that comes twice, or from both, for one`() throws {
        var contract = try stage.opened()
        try contract.send(stage.startClose(stage.signed(4, 130, 20)))
        let phase = contract.state.phase
        contract.wait(seconds: 100)
        #expect(try contract.send(stage.startClose(stage.signed(4, 130, 20))) == [])
        #expect(try contract.send(stage.startClose(by: .bob)) == [])
        #expect(contract.state.phase == phase)
        // One that knows more must say so in a challenge.
        #expect(throws: TwoWayContract.Refusal.outOfTurn(phase: "closing")) {
            try contract.send(stage.startClose(stage.signed(5, 120, 30), by: .bob))
        }
    }

    // MARK: - More money, and less

    @Test func `gives a surplus back to whoever put it in, whichever state counts`() throws {
        var contract = try stage.opened()
        try contract.fund(7, by: .alice)
        try contract.fund(40, by: .bob)
        try contract.fund(3, by: .alice)
        #expect(contract.state.locked == units(200))
        try contract.send(stage.startClose(stage.signed(1, 0, 150)))
        contract.wait(seconds: 3600)
        #expect(try contract.send(.finalize) == payouts(10, 190))
    }

    @Test func `takes surpluses up into the balances when both sign`() throws {
        var contract = try stage.opened()
        try contract.fund(50, by: .alice)
        #expect(try contract.send(stage.resize(5, 120, 80)) == [])
        #expect(contract.state.base == stage.state(5, 120, 80))
        #expect(contract.state.firstSurplus == .zero)
        #expect(try contract.send(stage.resize(5, 120, 80)) == [])
        #expect(try contract.send(stage.closeTogether(6, 0, 200)) == [Payout(to: Person.bob.address, units(200))])
    }

    @Test func `pays out what both take from it, and goes on`() throws {
        var contract = try stage.opened()
        #expect(try contract.send(stage.resize(5, 20, 30, out: (60, 40))) == payouts(60, 40))
        #expect(contract.state.locked == units(50))
        #expect(try contract.send(stage.resize(5, 20, 30, out: (60, 40))) == [])
        // The base counts now when nobody shows a state.
        try contract.send(stage.startClose(at: 5, by: .bob))
        contract.wait(seconds: 3600)
        #expect(try contract.send(.finalize) == payouts(20, 30))
        #expect(try contract.send(stage.resize(5, 20, 30, out: (60, 40))) == [])
    }

    @Test func `can be emptied, and filled again`() throws {
        var contract = try stage.opened()
        try contract.send(stage.resize(5, 0, 0, out: (60, 90)))
        #expect(contract.state.locked == .zero)
        try contract.fund(10, by: .bob)
        try contract.send(stage.startClose(at: 5, by: .bob))
        contract.wait(seconds: 3600)
        #expect(try contract.send(.finalize) == [Payout(to: Person.bob.address, units(10))])
    }

    // MARK: - Fees

    @Test func `takes the fee once, on top of the first deposit, and passes it on`() throws {
        for order in [[Person.alice, .bob], [.bob, .alice]] {
            var contract = stage.unfunded()
            contract.limits = ContractLimits(fee: units(3), feeReceiver: Person.carol.address)
            try contract.fund(order[0] == .alice ? 103 : 53, by: order[0])
            #expect(contract.paid(to: .carol) == units(3))
            try contract.fund(order[1] == .alice ? 100 : 50, by: order[1])
            #expect(contract.paid(to: .carol) == units(3))
            #expect(contract.state.locked == units(150))
        }
    }

    @Test func `gives back the deposit, and not the fee, when its opening is called off`() throws {
        var contract = stage.unfunded()
        contract.limits = ContractLimits(fee: units(3), feeReceiver: Person.carol.address)
        try contract.fund(53, by: .bob)
        #expect(try contract.send(stage.cancel(by: .bob)) == [Payout(to: Person.bob.address, units(50))])
        #expect(contract.state.phase == .closed(nil))
        #expect(try contract.send(stage.cancel(by: .bob)) == [])
    }
}
