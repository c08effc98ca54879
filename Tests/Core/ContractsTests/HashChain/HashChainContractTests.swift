// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A hash-chain contract")
struct HashChainContractTests {
    let stage = HashChainStage()

    @Test func `pays each step once, whatever stride it is revealed at`() throws {
        var contract = try stage.opened()
        #expect(try contract.send(.redeem(stage.step(1))) == [Payout(to: Person.bob.address, units(3))])
        #expect(try contract.send(.redeem(stage.step(7))) == [Payout(to: Person.bob.address, units(18))])
        #expect(try contract.send(.redeem(stage.step(7))) == [])
        #expect(try contract.send(.redeem(stage.step(2))) == [])
        #expect(try contract.send(.redeem(stage.step(10))) == [Payout(to: Person.bob.address, units(9))])
        #expect(contract.state.locked == .zero)
    }

    @Test func `gives the rest back when the payee signs for it`() throws {
        var contract = try stage.opened()
        try contract.send(.redeem(stage.step(2)))
        let payouts = try contract.send(stage.close(4))
        #expect(payouts == [Payout(to: Person.bob.address, units(6)), Payout(to: Person.alice.address, units(18))])
        #expect(contract.state.phase == .closed)
    }

    @Test func `gives everything back when the payee wants nothing`() throws {
        var contract = try stage.opened()
        #expect(try contract.send(stage.close(0)) == [Payout(to: Person.alice.address, units(30))])
    }

    @Test func `gives the payer the rest when the channel has expired, without the payee`() throws {
        var contract = try stage.opened()
        try contract.send(.redeem(stage.step(9)))
        contract.wait(seconds: 86_400)
        #expect(try contract.send(.reclaim) == [Payout(to: Person.alice.address, units(3))])
        #expect(try contract.send(.redeem(stage.step(9))) == [])
    }

    @Test func `still pays the payee after the expiry, until the payer has reclaimed`() throws {
        var contract = try stage.opened()
        contract.wait(seconds: 100_000)
        #expect(try contract.send(.redeem(stage.step(10))) == [Payout(to: Person.bob.address, units(30))])
        #expect(try contract.send(.reclaim) == [])
        #expect(contract.state.phase == .closed)
    }

    // MARK: - Refusals

    struct Deposit: CustomTestStringConvertible {
        let code: String
        let deposit: UInt128
        let change: @Sendable (inout HashChainTerms) -> Void

        init(_ code: String, _ deposit: UInt128 = 30, _ change: @escaping @Sendable (inout HashChainTerms) -> Void) {
            self.code = code
            self.deposit = deposit
            self.change = change
        }

        var testDescription: String { code }
    }

    @Test(arguments: [
        Deposit("hash-chain.terms") { $0.stepCount = 0 },
        Deposit("hash-chain.terms") { $0.stepCount = 65_536 },
        Deposit("hash-chain.terms") { $0.stepAmount = .zero },
        Deposit("hash-chain.terms") { $0.stepAmount = .max },
        Deposit("hash-chain.terms") { $0.receiver = $0.payer },
        Deposit("hash-chain.foreign-payer") { $0.payer = Person.carol.address },
        Deposit("hash-chain.deposit-mismatch", 29) { _ in },
        Deposit("hash-chain.deposit-mismatch", 31) { _ in },
        Deposit("hash-chain.lifetime") { $0.expiry = UInt64(noon.unixSeconds) + 899 },
        Deposit("hash-chain.lifetime") { $0.expiry = 0 },
        Deposit("hash-chain.lifetime") { $0.expiry = .max },
    ])
    func `refuses a deposit, and stays as it was`(_ planted: Deposit) throws {
        var terms = stage.terms
        planted.change(&terms)
        var contract = PlayedContract<HashChainContract>(terms, in: HashChainStage.domain)
        let refusal = #expect(throws: HashChainContract.Refusal.self) {
            try contract.fund(planted.deposit, by: .alice)
        }
        #expect(refusal?.code == planted.code)
        #expect(refusal?.message.isEmpty == false)
    }

    @Test func `refuses a second deposit`() throws {
        var contract = try stage.opened()
        #expect(throws: HashChainContract.Refusal.alreadyFunded) { try contract.fund(30, by: .alice) }
    }

    @Test func `refuses what is not its turn`() throws {
        var contract = PlayedContract<HashChainContract>(stage.terms, in: HashChainStage.domain)
        for order in [.redeem(stage.step(1)), stage.close(1), .reclaim] as [HashChainContract.Order] {
            #expect(throws: HashChainContract.Refusal.notOpen(phase: "unfunded")) { try contract.send(order) }
        }
        try contract.fund(30, by: .alice)
        #expect(throws: HashChainContract.Refusal.self) { try contract.send(.reclaim) }
        try contract.send(stage.close(2))
        for order in [.redeem(stage.step(3)), stage.close(3)] as [HashChainContract.Order] {
            #expect(throws: HashChainContract.Refusal.notOpen(phase: "closed")) { try contract.send(order) }
        }
        for order in [.redeem(stage.step(2)), stage.close(2), .reclaim] as [HashChainContract.Order] {
            #expect(try contract.send(order) == [], "that was done already")
        }
    }

    @Test func `refuses a close that the payee signed for fewer steps than it was paid`() throws {
        var contract = try stage.opened()
        try contract.send(.redeem(stage.step(5)))
        #expect(throws: HashChainContract.Refusal.closeBehind(signed: 4, redeemed: 5)) {
            try contract.send(stage.close(4))
        }
    }

    @Test func `refuses to end a second before the expiry`() throws {
        var contract = try stage.opened()
        contract.wait(seconds: 86_399)
        #expect(throws: HashChainContract.Refusal.self) { try contract.send(.reclaim) }
        contract.wait(seconds: 1)
        try contract.send(.reclaim)
    }
}
