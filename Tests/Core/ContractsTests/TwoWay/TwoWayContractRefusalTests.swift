// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A two-way contract refuses")
struct TwoWayContractRefusalTests {
    typealias Refusal = TwoWayContract.Refusal
    let stage = TwoWayStage()

    struct Planted: CustomTestStringConvertible {
        let code: String
        let message: String
        let change: @Sendable (inout TwoWayTerms) -> Void

        init(_ message: String, _ change: @escaping @Sendable (inout TwoWayTerms) -> Void) {
            code = "two-way.terms"
            self.message = message
            self.change = change
        }

        var testDescription: String { message }
    }

    @Test(arguments: [
        Planted("would share a channel with itself") { $0.second = $0.first },
        Planted("Neither party puts anything in") { ($0.firstDeposit, $0.secondDeposit) = (.zero, .zero) },
        Planted("more than 2^128 - 1") { ($0.firstDeposit, $0.secondDeposit) = (.max, units(1)) },
        Planted("899 s is outside") { $0.challengeSeconds = 899 },
        Planted("2592001 s is outside") { $0.challengeSeconds = 2_592_001 },
        Planted("0 s is outside") { $0.challengeSeconds = 0 },
        Planted("18446744073709551615 s is outside") { $0.challengeSeconds = .max },
    ])
    func `terms that are no good`(_ planted: Planted) throws {
        var contract = TwoWayStage(change: planted.change).unfunded()
        let refusal = #expect(throws: Refusal.self) { try contract.fund(100, by: .alice) }
        #expect(refusal?.code == planted.code)
        #expect(refusal?.message.contains(planted.message) == true)
    }

    @Test func `deposits that were not agreed on`() throws {
        var contract = stage.unfunded()
        #expect(throws: Refusal.foreignPayer(Person.carol.address)) { try contract.fund(100, by: .carol) }
        #expect(throws: Refusal.depositMismatch(deposit: units(99), needed: units(100))) {
            try contract.fund(99, by: .alice)
        }
        #expect(throws: Refusal.depositMismatch(deposit: units(0), needed: units(50))) {
            try contract.fund(0, by: .bob)
        }
        try contract.fund(100, by: .alice)
        #expect(throws: Refusal.notAwaited(Person.alice.address)) { try contract.fund(100, by: .alice) }
        try contract.fund(50, by: .bob)
        #expect(throws: Refusal.zeroDeposit) { try contract.fund(0, by: .bob) }
        #expect(throws: Refusal.foreignPayer(Person.carol.address)) { try contract.fund(1, by: .carol) }
        let oneSided = TwoWayStage(first: 0, second: 50)
        var other = oneSided.unfunded()
        for amount in [0, 50] as [UInt128] {
            #expect(throws: Refusal.notAwaited(Person.alice.address)) { try other.fund(amount, by: .alice) }
        }
    }

    @Test func `a first deposit without the fee, and a second with it`() throws {
        var contract = stage.unfunded()
        contract.limits = ContractLimits(fee: units(3), feeReceiver: Person.carol.address)
        #expect(throws: Refusal.depositMismatch(deposit: units(100), needed: units(103))) {
            try contract.fund(100, by: .alice)
        }
        try contract.fund(103, by: .alice)
        #expect(throws: Refusal.depositMismatch(deposit: units(53), needed: units(50))) {
            try contract.fund(53, by: .bob)
        }
        contract.limits.fee = .max
        var other = TwoWayStage(salt: "other").unfunded()
        other.limits = contract.limits
        #expect(throws: Refusal.depositMismatch(deposit: units(100), needed: .max)) { try other.fund(100, by: .alice) }
    }

    @Test func `more and less than the limits allow`() throws {
        var contract = stage.unfunded()
        contract.limits = ContractLimits(minimum: units(151), maximum: units(200))
        #expect(throws: Refusal.belowMinimum(sum: units(150), minimum: units(151))) {
            try contract.fund(100, by: .alice)
        }
        contract.limits = ContractLimits(minimum: units(150), maximum: units(149))
        #expect(throws: Refusal.aboveMaximum(sum: units(150), maximum: units(149))) {
            try contract.fund(100, by: .alice)
        }
        contract.limits = ContractLimits(minimum: units(150), maximum: units(150))
        try contract.fund(100, by: .alice)
        try contract.fund(50, by: .bob)
        #expect(throws: Refusal.aboveMaximum(sum: units(151), maximum: units(150))) { try contract.fund(1, by: .bob) }
        contract.limits = .none
        #expect(throws: Refusal.aboveMaximum(sum: .max, maximum: .max)) { try contract.fund(.max, by: .bob) }
        try contract.fund(.max - 150, by: .bob)
        #expect(contract.state.locked == .max)
    }

    @Test func `a payer that has money in as many channels as it may`() throws {
        var contract = stage.unfunded()
        contract.limits = ContractLimits(openChannels: 2)
        contract.openChannels = [Person.alice.address: 2, Person.bob.address: 1]
        #expect(throws: Refusal.tooManyChannels(open: 2, most: 2)) { try contract.fund(100, by: .alice) }
        try contract.fund(50, by: .bob)
        contract.openChannels = [Person.alice.address: 1, Person.bob.address: 7]
        try contract.fund(100, by: .alice)
        try contract.fund(1, by: .bob)
    }

    @Test func `what is not its turn`() throws {
        let signed = stage.signed(1, 75, 75)
        let orders: [(String, TwoWayContract.Order)] = [
            ("cancel", stage.cancel()), ("resize", stage.resize(2, 100, 50)), ("start", stage.startClose(signed)),
            ("challenge", .challenge(signed)), ("together", stage.closeTogether(2, 75, 75)), ("finalize", .finalize),
        ]
        func refuse(_ names: [String], in contract: inout PlayedContract<TwoWayContract>) {
            for (name, order) in orders where names.contains(name) {
                #expect(throws: Refusal.outOfTurn(phase: contract.state.phaseName), "\(name)") {
                    try contract.send(order)
                }
            }
        }
        var contract = stage.unfunded()
        refuse(orders.map(\.0), in: &contract)
        try contract.fund(100, by: .alice)
        refuse(["resize", "start", "challenge", "together", "finalize"], in: &contract)
        var cancelled = contract
        try cancelled.send(stage.cancel())
        refuse(["resize", "start", "challenge", "together", "finalize"], in: &cancelled)
        try contract.fund(50, by: .bob)
        refuse(["cancel", "challenge", "finalize"], in: &contract)
        try contract.send(stage.startClose())
        refuse(["cancel", "resize", "start"], in: &contract)
        contract.wait(seconds: 3600)
        try contract.send(.finalize)
        refuse(["cancel", "resize", "start", "challenge", "together"], in: &contract)
        for person in [Person.alice, .bob] {
            #expect(throws: Refusal.outOfTurn(phase: "closed")) { try contract.fund(1, by: person) }
            #expect(throws: Refusal.outOfTurn(phase: "closed")) { try cancelled.fund(50, by: person) }
        }
    }

    @Test func `a deposit while it is closing`() throws {
        var contract = try stage.opened()
        try contract.send(stage.startClose())
        #expect(throws: Refusal.outOfTurn(phase: "closing")) { try contract.fund(1, by: .alice) }
    }

    @Test func `balances that are not what is there`() throws {
        var contract = try stage.opened()
        for (first, second) in [(100, 51), (0, 0), (149, 0)] as [(UInt128, UInt128)] {
            let refusal = Refusal.sumMismatch(sum: units(first + second), needed: units(150))
            #expect(throws: refusal) { try contract.send(stage.startClose(stage.signed(1, first, second))) }
            #expect(throws: refusal) { try contract.send(stage.closeTogether(1, first, second)) }
            #expect(throws: refusal) { try contract.send(stage.resize(1, first, second)) }
        }
        // Sums that wrap round to what is there.
        let refusal = Refusal.sumMismatch(sum: nil, needed: units(150))
        #expect(throws: refusal) { try contract.send(stage.startClose(stage.signed(1, .max, 151))) }
        #expect(throws: refusal) { try contract.send(stage.closeTogether(1, 151, .max)) }
        #expect(throws: refusal) { try contract.send(stage.resize(1, 100, 50, out: (.max, 1))) }
        #expect(throws: refusal) { try contract.send(stage.resize(1, .max, 1, out: (100, 50))) }
        try contract.send(stage.startClose())
        #expect(throws: Refusal.sumMismatch(sum: units(149), needed: units(150))) {
            try contract.send(.challenge(stage.signed(1, 149, 0)))
        }
    }

    @Test func `what is older than what is known`() throws {
        var contract = try stage.opened()
        #expect(throws: Refusal.stale(nonce: 0, newest: 0)) {
            try contract.send(stage.startClose(stage.signed(0, 150, 0)))
        }
        try contract.send(stage.resize(5, 150, 0))
        #expect(throws: Refusal.stale(nonce: 5, newest: 5)) { try contract.send(stage.resize(5, 0, 150)) }
        #expect(throws: Refusal.stale(nonce: 4, newest: 5)) { try contract.send(stage.resize(4, 100, 50)) }
        #expect(throws: Refusal.stale(nonce: 5, newest: 5)) {
            try contract.send(stage.startClose(stage.signed(5, 0, 150)))
        }
        #expect(throws: Refusal.stale(nonce: 4, newest: 5)) { try contract.send(stage.closeTogether(4, 0, 150)) }
        try contract.send(stage.startClose(stage.signed(8, 75, 75)))
        #expect(throws: Refusal.stale(nonce: 7, newest: 8)) { try contract.send(stage.closeTogether(7, 0, 150)) }
    }

    @Test func `a challenge that comes too late, and an end that comes too early`() throws {
        var contract = try stage.opened()
        try contract.send(stage.startClose())
        contract.wait(seconds: 3599)
        let until = noon.advanced(bySeconds: 3600)
        #expect(throws: Refusal.challengeRuns(until: until, now: noon.advanced(bySeconds: 3599))) {
            try contract.send(.finalize)
        }
        contract.wait(seconds: 1)
        #expect(throws: Refusal.challengeOver(since: until, now: until)) {
            try contract.send(.challenge(stage.signed(1, 0, 150)))
        }
        try contract.send(.finalize)
    }

    @Test func `signatures of others, wherever one is needed`() throws {
        var contract = stage.unfunded()
        try contract.fund(100, by: .alice)
        for person in [Person.bob, .mallory] {
            #expect(throws: Refusal.signature(of: Person.alice.address)) {
                try contract.send(stage.cancel(by: person))
            }
        }
        try contract.fund(50, by: .bob)
        for (signers, victim) in [
            ((.alice, .alice), .bob), ((.bob, .bob), .alice), ((.bob, .alice), .alice), ((.mallory, .bob), .alice),
            ((.alice, .mallory), .bob),
        ] as [(TwoWayStage.Signers, Person)] {
            let refusal = Refusal.signature(of: victim.address)
            #expect(throws: refusal) { try contract.send(stage.closeTogether(1, 0, 150, by: signers)) }
            #expect(throws: refusal) { try contract.send(stage.resize(1, 0, 150, by: signers)) }
            #expect(throws: refusal) { try contract.send(stage.startClose(stage.signed(1, 0, 150, by: signers))) }
        }
        for order in [stage.startClose(by: .mallory), stage.startClose(stage.signed(1, 0, 150), by: .mallory)] {
            #expect(throws: Refusal.startSignature) { try contract.send(order) }
        }
        try contract.send(stage.startClose())
        #expect(throws: Refusal.signature(of: Person.bob.address)) {
            try contract.send(.challenge(stage.signed(1, 150, 0, by: (.alice, .mallory))))
        }
    }

    @Test func `with a code and a message of its own for each`() {
        let refusals: [Refusal] = [
            .terms(.nothingDeposited), .foreignPayer(.zero), .notAwaited(.zero),
            .depositMismatch(deposit: .zero, needed: .max), .zeroDeposit, .belowMinimum(sum: .zero, minimum: .max),
            .aboveMaximum(sum: .max, maximum: .zero), .tooManyChannels(open: 1, most: 1), .outOfTurn(phase: "open"),
            .sumMismatch(sum: nil, needed: .zero), .stale(nonce: 1, newest: 2), .signature(of: .zero), .startSignature,
            .challengeOver(since: noon, now: noon), .challengeRuns(until: noon, now: noon),
        ]
        #expect(Set(refusals.map(\.code)).count == refusals.count)
        #expect(Set(refusals.map(\.message)).count == refusals.count)
        #expect(refusals.allSatisfy { $0.code.hasPrefix("two-way.") })
        #expect(refusals.compactMap(\.remedy).count == 3)
    }
}
