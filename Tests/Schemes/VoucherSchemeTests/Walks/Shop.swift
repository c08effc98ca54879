// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

/// Bob's shop: his channel in memory and on disk, an outbox, and the crashes in between.
struct Shop {
    /// Where a crash interrupts the carrying out of an effect.
    enum Crash: CaseIterable {
        case never
        case beforeTheLedger
        case beforeTheCommit
        case beforeTheAcknowledgement
    }

    private(set) var channel: VoucherChannel
    private(set) var disk: [UInt8]
    private(set) var outbox: [[UInt8]] = []
    /// Requests that are being answered in this life of the process.
    private(set) var inFlight: [VoucherChannel.Reservation] = []
    /// What was charged for and, as far as the shop knows, delivered.
    private(set) var delivered: UInt128 = 0
    /// The price of the last delivery, until it is taken back.
    private(set) var lastDelivery: Amount?
    private let domain: SettlementDomain
    /// The ceilings that were signed ahead and let in, in this life of the process.
    private var seen: Set<Amount> = []
    private var lastID: UInt64 = 0

    init(alice: Alice, ledger: ModelLedger) {
        domain = alice.domain
        channel = VoucherChannel(id: alice.id, terms: alice.terms, ledger: ledger.snapshot)
        disk = channel.stored
    }

    mutating func draw() -> ReservationID {
        lastID += 1
        return ReservationID(lastID)
    }

    /// Applies and commits, state and effects in one.
    mutating func apply(_ event: VoucherChannel.Event) throws(VoucherChannel.Refusal) {
        let effects = try channel.apply(event)
        disk = channel.stored
        outbox += effects.map(VoucherChannel.stored)
    }

    /// Whether a voucher that was signed ahead was let in before.
    func knows(_ ceiling: Amount) -> Bool { seen.contains(ceiling) }

    // MARK: - Requests

    mutating func letIn(
        _ voucher: Voucher, price: Amount, deposit: SignedDeposit?, at now: Instant, ahead: SigningAhead? = nil
    ) throws(VoucherChannel.Refusal) -> ReservationID {
        let reservation = VoucherChannel.Reservation(
            id: draw(), voucher: voucher, price: price, deposit: deposit, until: now.advanced(bySeconds: 60),
            ahead: ahead)
        try apply(.paymentArrived(reservation, at: now))
        inFlight.append(reservation)
        if ahead != nil { seen.insert(voucher.ceiling) }
        return reservation.id
    }

    /// Answers a request; a deposit is answered once it is locked.
    mutating func serve(_ id: ReservationID, price: Amount, at now: Instant) throws(VoucherChannel.Refusal) {
        let hasDeposit = inFlight.contains { $0.id == id && $0.deposit != nil }
        try apply(.served(id, price: price, at: now))
        guard !hasDeposit else { return }
        hangUp(id)
        deliver(price)
    }

    mutating func release(_ id: ReservationID) throws(VoucherChannel.Refusal) {
        hangUp(id)
        try apply(.released(id))
    }

    /// Nobody waits for this request's answer any more.
    private mutating func hangUp(_ id: ReservationID) { inFlight.removeAll { $0.id == id } }

    private mutating func deliver(_ price: Amount) {
        delivered += price.units
        lastDelivery = price
    }

    /// Takes back the last delivery, which broke off.
    mutating func breakOff() throws(VoucherChannel.Refusal) {
        guard let price = lastDelivery else { return }
        try apply(.deliveryFailed(price))
        delivered -= price.units
        lastDelivery = nil
    }

    // MARK: - Crashes and effects

    /// Everything that was not committed is gone.
    mutating func restart() throws(StoredFormError) {
        channel = try VoucherChannel(stored: disk)
        inFlight = []
        seen = []
    }

    /// Carries out the oldest effect, if there is one.
    mutating func runEffect(on ledger: inout ModelLedger, crash: Crash) throws(StoredFormError) {
        guard let bytes = outbox.first else { return }
        guard crash != .beforeTheLedger else { return try restart() }
        switch try VoucherChannel.effect(stored: bytes) {
        case .submitDeposit(let deposit, let id): submit(deposit, id, to: &ledger, crash: crash)
        case .submitRefund(let amount, let nonce, let id): refund(amount, nonce, id, on: &ledger, crash: crash)
        case .claim: claim(on: &ledger, tell: crash != .beforeTheCommit)
        }
        if crash == .never { outbox.removeFirst() } else { try restart() }
    }

    private mutating func submit(
        _ deposit: SignedDeposit, _ id: ReservationID, to ledger: inout ModelLedger, crash: Crash
    ) {
        guard let snapshot = try? ledger.deposit(deposit) else {
            if crash != .beforeTheCommit { try? apply(.depositFailed(id)) }
            return hangUp(id)
        }
        guard crash != .beforeTheCommit else { return }
        let waits = inFlight.contains { $0.id == id }
        hangUp(id)
        guard waits, case .depositing(_, let price) = channel.phase else {
            try? apply(.deposited(id, snapshot, charging: false, at: ledger.now))
            return
        }
        do throws(VoucherChannel.Refusal) {
            try apply(.deposited(id, snapshot, charging: true, at: ledger.now))
            deliver(price)
        } catch {
            try? apply(.deposited(id, snapshot, charging: false, at: ledger.now))
        }
    }

    private mutating func refund(
        _ amount: Amount, _ nonce: UInt64, _ id: ReservationID, on ledger: inout ModelLedger, crash: Crash
    ) {
        claim(on: &ledger, tell: false)
        let snapshot = try? ledger.refund(amount, nonce: nonce)
        guard crash != .beforeTheCommit else { return }
        try? apply(snapshot.map { .refunded(id, $0) } ?? .refundFailed(id))
    }

    /// Claims what was earned and, unless a crash comes first, hears what became of it.
    @discardableResult
    mutating func claim(on ledger: inout ModelLedger, tell: Bool = true) -> Bool {
        guard let row = channel.claimRow(in: domain) else { return true }
        let worked = (try? ledger.claim(row)) != nil
        if tell { try? apply(.observed(ledger.snapshot)) }
        return worked
    }
}
