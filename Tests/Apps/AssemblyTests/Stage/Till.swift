// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingMemoryStore
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Testing

@testable import FarthingAssembly

/// A payee's desk, cashier and books over a real ledger and a real store, put together as a node does it.
final class Till: Sendable {
    let payee: Payee
    let clock: TestClock
    let ledger: Ledger
    let settlement: FaultySettlement
    let store: FaultyStore
    let index: UnclaimedIndex
    let engine: ChannelEngine<VoucherChannel>
    let effects: VoucherEffects
    let cashier: VoucherCashier
    let desk: VoucherDesk
    let log = LogBook()
    private let watcher: SettlementWatcher

    init(
        _ store: any ChannelStore, ledger: Ledger, clock: TestClock, caps: UnclaimedCaps = UnclaimedCaps(),
        payee: Payee = Payee(), policy: VoucherDesk.Policy = VoucherDesk.Policy(), refunds: RefundRules? = nil,
        deposits: DepositTurnRules? = nil
    ) {
        self.payee = payee
        self.clock = clock
        self.ledger = ledger
        let settlement = FaultySettlement(ledger)
        let index = UnclaimedIndex(caps: caps)
        let faulty = FaultyStore(store)
        let engine = ChannelEngine<VoucherChannel>(store: faulty) { id, before, after in
            index.follow(id, from: before, to: after)
        }
        let effects = VoucherEffects(
            engine: engine, settlement: settlement, authorizer: payee.authorizer, index: index, logger: log.logger,
            clock: { clock.now })
        cashier = VoucherCashier(settlement: settlement, effects: effects, index: index, clock: { clock.now })
        desk = VoucherDesk(
            engine: engine, settlement: settlement,
            terms: VoucherOffer(
                receiver: payee.receiver, receiverAuthorizer: payee.authorizer.address, token: Payee.token,
                withdrawDelay: 900),
            policy: policy, effects: effects, cashier: cashier, refunds: refunds, deposits: deposits,
            clock: { clock.now })
        watcher = SettlementWatcher(
            settlement: settlement, store: faulty, isOurs: { try await engine.state(of: $0) != nil },
            changed: { try await effects.takeIn($1, of: $0) })
        self.settlement = settlement
        self.store = faulty
        self.index = index
        self.engine = engine
        self.effects = effects
    }

    static func open(
        caps: UnclaimedCaps = UnclaimedCaps(), store: any ChannelStore = MemoryStore(), clock: TestClock = TestClock(),
        policy: VoucherDesk.Policy = VoucherDesk.Policy(), refunds: RefundRules? = nil,
        deposits: DepositTurnRules? = nil
    ) async throws -> Till {
        let domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
        let ledger = try Ledger(path: nil, domain: domain, clock: { clock.now })
        try await ledger.addToken(Payee.token)
        return Till(
            store, ledger: ledger, clock: clock, caps: caps, policy: policy, refunds: refunds, deposits: deposits)
    }

    /// The same store and ledger in the hands of a new process, which has done what a node does at its start.
    func reopened() async throws -> Till {
        let next = Till(store.inner, ledger: ledger, clock: clock, caps: index.caps, payee: payee)
        try await next.index.fill(from: next.engine)
        try await next.effects.recover()
        try await next.catchUp()
        return next
    }

    func catchUp() async throws {
        try await effects.catchUp(by: watcher)
    }

    func watch() async throws { try await watcher.catchUp() }

    // MARK: - Customers

    /// A payer whose channel holds so much.
    func customer(_ number: UInt64, holding amount: Amount) async throws -> Customer {
        var customer = Customer(number, of: payee, domain: ledger.domain)
        try await ledger.mint(to: customer.key.address, token: Payee.token.address, amount: amount)
        let deposit = try customer.signDeposit(amount, at: clock.now).verified(
            for: customer.terms, token: Payee.token.domain, in: ledger.domain, at: clock.now)
        _ = try await ledger.deposit(deposit)
        return customer
    }

    /// A till whose store has claims in its outbox, for a customer who owes 10.
    static func owingClaims(_ count: Int) async throws -> (Till, Customer) {
        let till = try await Till.open()
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(10))
        let record = try #require(try await till.store.inner.load(customer.id))
        _ = try await till.store.inner.commit(
            ChannelCommit(
                channel: customer.id, scheme: record.scheme, state: record.state,
                effects: Array(repeating: VoucherChannel.stored(.claim), count: count)), over: record.version)
        return (till, customer)
    }

    func offer(_ price: Amount) throws -> PaymentRequirements { try #require(desk.offers(for: price).first) }

    func admit(_ customer: Customer, _ price: Amount) async throws -> Admission {
        let offer = try offer(price)
        return try await desk.admit(customer.pay(offer), for: offer)
    }

    /// Pays for a request that is answered.
    func sell(to customer: inout Customer, for price: Amount) async throws {
        guard case .admitted(let payment) = try await admit(customer, price) else { throw NotTaken() }
        let response = try await payment.charge(price)
        guard response.success else { throw NotTaken() }
        customer.settle(response)
    }

    struct NotTaken: Error {}

    // MARK: - Counting

    func state(of customer: Customer) async throws -> VoucherChannel {
        try #require(try await engine.state(of: customer.id))
    }

    /// What is unclaimed, counted from what the store holds.
    func recount() async throws -> [ChannelID: Amount] {
        var sums: [ChannelID: Amount] = [:]
        for stored in try await store.inner.channels(after: nil, limit: .max) {
            let unclaimed = try VoucherChannel(stored: stored.record.state).unclaimed
            if !unclaimed.isZero { sums[stored.id] = unclaimed }
        }
        return sums
    }

    var indexed: [ChannelID: Amount] {
        Dictionary(uniqueKeysWithValues: index.channels.map { ($0.id, $0.amount) })
    }

    var unclaimed: Amount { index.unclaimed(of: Payee.token.address) }
    var reserved: Amount { index.reserved(of: Payee.token.address) }
}

extension Admission {
    /// The code with which a payment was put off.
    var deferral: String? { if case .deferred(let reason, _) = self { reason.code } else { nil } }
    var refusal: String? { if case .refused(let refusal) = self { refusal.code } else { nil } }
    var payment: (any AdmittedPayment)? { if case .admitted(let payment) = self { payment } else { nil } }
}
