// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Testing

@testable import FarthingAssembly

/// A payee's life in random steps: customers pay, deposit, leave and come back while the settlement comes and goes.
struct ClaimWalk {
    static let caps = UnclaimedCaps(perChannel: units(60), inAll: units(120))

    let seed: UInt64
    private(set) var till: Till
    private var customers: [Customer] = []
    private var generator: SeededGenerator
    private var minted = Amount.zero
    /// What was told to payers as charged; the books may never say less.
    private var promised: [ChannelID: Amount] = [:]
    /// How often a payment was put off, by the code.
    private(set) var deferrals: [String: Int] = [:]

    init(seed: UInt64, till: Till) async throws {
        self.seed = seed
        self.till = till
        generator = SeededGenerator(seed: seed)
        for number in 0..<12 {
            customers.append(try await till.customer(UInt64(number), holding: units(500)))
            minted = minted.adding(units(500)) ?? .max
        }
    }

    private mutating func random(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }

    mutating func step() async throws {
        let number = random(0...customers.count - 1)
        switch random(0...19) {
        case 0...9: try await pay(number)
        case 10: try await deposit(number)
        case 11: try await leave(number)
        case 12: try await collect()
        case 13: till.settlement.setDown(random(0...2) == 0)
        case 14: till.settlement.poison(random(0...1) == 0 ? [] : [customers[number].id])
        case 15:
            let seconds = random(1...200)
            till.clock.pass(Int64(seconds))
        case 16: try await breakOff(number)
        default: try? await till.catchUp()
        }
        try await check()
    }

    private mutating func pay(_ number: Int) async throws {
        let price = units(UInt128(random(1...30)))
        let cost = units(UInt128(random(0...Int(price.units))))
        let end = random(0...5)
        let admission = try await till.admit(customers[number], price)
        if let code = admission.deferral { deferrals[code, default: 0] += 1 }
        guard let payment = admission.payment else { return try await adopt(number) }
        if end == 0 { return await payment.release() }
        let response = try await payment.charge(cost)
        guard response.success else { return try await adopt(number) }
        customers[number].settle(response)
        promised[customers[number].id] = customers[number].charged
        if end == 1 { await payment.deliveryFailed() }
    }

    /// A deposit together with a payment, through the desk.
    private mutating func deposit(_ number: Int) async throws {
        let amount = units(UInt128(random(50...300)))
        try await till.ledger.mint(to: customers[number].key.address, token: Payee.token.address, amount: amount)
        minted = minted.adding(amount) ?? .max
        let price = units(UInt128(random(1...30)))
        let offer = try till.offer(price)
        let signed = customers[number].signDeposit(amount, at: till.clock.now)
        let payload = customers[number].pay(offer, depositing: signed)
        guard let payment = try await till.desk.admit(payload, for: offer).payment else {
            return try await adopt(number)
        }
        let response: SettleResponse
        do { response = try await payment.charge(price) } catch let error as SettlementError {
            guard case .unavailable = error else { throw error }
            return try await adopt(number)
        }
        guard response.success else { return try await adopt(number) }
        customers[number].settle(response)
        promised[customers[number].id] = customers[number].charged
    }

    /// A payer begins to take its money out, or finishes that; the node may look in between or not.
    private mutating func leave(_ number: Int) async throws {
        let customer = customers[number]
        guard let snapshot = try await till.ledger.snapshot(of: customer.id) else { return }
        if snapshot.withdrawal == nil {
            let left = snapshot.balance.clampedSubtracting(snapshot.totalClaimed)
            guard !left.isZero else { return }
            try await till.ledger.initiateWithdraw(customer.terms, amount: left, by: customer.key.address)
        } else {
            // An honest node always looks within the delay.
            till.settlement.setDown(false)
            till.settlement.poison([])
            try await till.catchUp()
            _ = try await till.cashier.claimAll()
            try await till.ledger.advance(seconds: 900)
            try await till.ledger.finalizeWithdraw(customer.terms, by: customer.key.address)
        }
    }

    /// A payment is let in, and its request is never answered.
    private mutating func breakOff(_ number: Int) async throws {
        _ = try await till.admit(customers[number], units(UInt128(random(1...30))))
        till.clock.pass(61)
    }

    private mutating func collect() async throws {
        let schedule = ClaimSchedule(
            valueInChannel: units(UInt128(random(1...60))), age: Int64(random(0...300)), channels: random(1...12))
        _ = try? await till.cashier.claimDue(schedule)
        _ = try? await till.cashier.sweep()
    }

    /// The payer reads the payee's books, as a corrective 402 shows them.
    private mutating func adopt(_ number: Int) async throws {
        guard let state = try await till.engine.state(of: customers[number].id) else { return }
        customers[number].adopt(state.charged)
    }

    // MARK: - What must always hold

    func check() async throws {
        let comment = Comment(rawValue: "seed \(seed)")
        #expect(till.unclaimed <= units(120), comment)
        #expect(try await till.recount() == till.indexed, comment)
        for stored in try await till.store.inner.channels(after: nil, limit: .max) {
            let channel = try VoucherChannel(stored: stored.record.state)
            #expect(channel.ledger.totalClaimed <= channel.charged, comment)
            #expect(channel.charged <= channel.authorised, comment)
            #expect(channel.charged >= promised[channel.id] ?? .zero, comment)
            #expect(channel.unclaimed <= units(60), comment)
            // Not `charged`: a payer that leaves takes along what it was credited.
            #expect(channel.earned <= channel.ledger.balance, comment)
        }
    }

    /// The process dies at the next write but so many, somewhere in these steps; another one takes its place.
    mutating func crash(after writes: Int, steps: Int) async throws {
        till.store.die(after: writes)
        for _ in 0..<steps {
            do { try await step() } catch { break }
            if till.store.isDead { break }
        }
        till = try await till.reopened()
        for number in customers.indices { try await adopt(number) }
        try await check()
    }

    /// Everything is claimed and paid out; then every unit is found again.
    mutating func close() async throws {
        till.settlement.setDown(false)
        till.settlement.poison([])
        try await till.catchUp()
        _ = try await till.cashier.claimAll()
        _ = try await till.cashier.sweep()
        try await check()
        #expect(till.indexed == [:])
        #expect(try await till.store.inner.pendingEffects(after: nil, limit: 10).isEmpty)
        var deposited: [ChannelID: Amount] = [:]
        for event in try await till.ledger.events(after: 0, limit: .max) {
            guard case .deposited(let id, let amount, _) = event.kind else { continue }
            deposited[id] = (deposited[id] ?? .zero).adding(amount)
        }
        var earned = Amount.zero
        for customer in customers {
            guard let state = try await till.engine.state(of: customer.id) else { continue }
            earned = earned.adding(state.earned) ?? .max
            #expect(state.charged <= deposited[customer.id] ?? .zero)
        }
        #expect(try await till.ledger.balance(of: till.payee.receiver, token: Payee.token.address) == earned)
        let audit = try await till.ledger.audit()
        #expect(audit.faults == [] && audit.isConserved)
        let held = try await till.ledger.accounts().reduce(Amount.zero) { $0.adding($1.balance) ?? .max }
        #expect(held == minted)
    }
}
