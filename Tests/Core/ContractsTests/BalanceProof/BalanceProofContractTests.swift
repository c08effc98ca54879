// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A balance-proof contract")
struct BalanceProofContractTests {
    let stage = BalanceProofStage()

    func payouts(_ receiver: UInt128, _ sender: UInt128) -> [Payout] {
        [Payout(to: Person.bob.address, units(receiver)), Payout(to: Person.alice.address, units(sender))]
    }

    @Test func `pays the receiver what it was not paid of what it is owed in all`() throws {
        var contract = try stage.opened()
        #expect(try contract.send(stage.withdraw(30)) == [Payout(to: Person.bob.address, units(30))])
        #expect(try contract.send(stage.withdraw(30)) == [])
        #expect(try contract.send(stage.withdraw(20)) == [])
        #expect(try contract.send(stage.withdraw(31)) == [Payout(to: Person.bob.address, units(1))])
        #expect(contract.state.locked == units(69))
        #expect(contract.state.withdrawn == units(31))
    }

    @Test func `can be topped up, and pays out of that too`() throws {
        var contract = try stage.opened()
        try contract.send(stage.withdraw(100))
        #expect(contract.state.locked == .zero)
        try contract.fund(40, by: .alice)
        #expect(contract.state.deposit == units(140))
        #expect(try contract.send(stage.withdraw(140)) == [Payout(to: Person.bob.address, units(40))])
    }

    @Test func `shares out at once when both sign the end`() throws {
        var contract = try stage.opened()
        try contract.send(stage.withdraw(10))
        #expect(try contract.send(stage.closeTogether(30)) == payouts(20, 70))
        #expect(contract.state.phase == .closed)
        #expect(try contract.send(stage.closeTogether(30)) == [])
    }

    @Test func `gives everything back when the receiver wants nothing`() throws {
        var contract = try stage.opened()
        #expect(try contract.send(stage.closeTogether(0)) == [Payout(to: Person.alice.address, units(100))])
    }

    @Test func `shares out after the challenge period when only the sender wants the end`() throws {
        var contract = try stage.opened()
        let height = contract.block.height
        try contract.send(stage.requestClose(25))
        #expect(contract.state.phase == .closing(balance: units(25), settleBlock: height + 500))
        contract.wait(seconds: 0, blocks: 500)
        #expect(try contract.send(.settle) == payouts(25, 75))
        #expect(try contract.send(.settle) == [])
    }

    @Test func `hears every proof for more until the last block of the period, from anybody`() throws {
        var contract = try stage.opened()
        try contract.send(stage.withdraw(20))
        let last = contract.block.height + 500
        try contract.send(stage.requestClose(20))
        try contract.send(stage.dispute(50))
        #expect(try contract.send(stage.dispute(50)) == [])
        #expect(try contract.send(stage.dispute(40)) == [])
        contract.wait(seconds: 0, blocks: last - contract.block.height)
        try contract.send(stage.dispute(60))
        #expect(try contract.send(stage.requestClose(20)) == [])
        #expect(try contract.send(stage.dispute(60)) == [])
        #expect(try contract.send(.settle) == payouts(40, 40))
        // Orders that come once more, after the end.
        for order in [stage.withdraw(20), stage.withdraw(60), stage.dispute(60), stage.requestClose(20)] {
            #expect(try contract.send(order) == [])
        }
    }

    @Test func `still ends together while a challenge runs, and after it`() throws {
        for blocks in [0, 1000] as [UInt64] {
            var contract = try stage.opened()
            try contract.send(stage.requestClose(20))
            contract.wait(seconds: 0, blocks: blocks)
            #expect(try contract.send(stage.closeTogether(70)) == payouts(70, 30))
        }
    }

    @Test func `takes a withdrawal that comes twice for one, while it is closing too`() throws {
        var contract = try stage.opened()
        try contract.send(stage.withdraw(20))
        try contract.send(stage.requestClose(20))
        #expect(try contract.send(stage.withdraw(20)) == [])
    }
}
