// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

/// The payee: one channel with Alice, and the block in which he last looked at the ledger.
struct Bob {
    let alice: Alice
    var channel: VoucherChannel
    private var lastID: UInt64 = 0

    /// A channel that holds `balance`, or one that was never opened.
    init(alice: Alice, balance: Amount = .zero, claimed: Amount = .zero) {
        self.alice = alice
        channel = VoucherChannel(
            id: alice.id, terms: alice.terms, ledger: Self.snapshot(balance, claimed: claimed, at: 1))
    }

    /// A channel of which `charged` was spent already.
    init(alice: Alice, balance: Amount, charged: Amount) throws {
        self.init(alice: alice, balance: balance)
        try pay(charged)
    }

    static func snapshot(
        _ balance: Amount, claimed: Amount = .zero, withdrawing: Amount? = nil, refunds: UInt64 = 0,
        at height: UInt64
    ) -> ChannelSnapshot {
        ChannelSnapshot(
            balance: balance, totalClaimed: claimed,
            withdrawal: withdrawing.map { PendingWithdrawal(amount: $0, requestedAt: noon) }, refundNonce: refunds,
            block: Block(height: height, time: noon))
    }

    // MARK: - Requests

    mutating func draw() -> ReservationID {
        lastID += 1
        return ReservationID(lastID)
    }

    func reservation(
        _ id: ReservationID, ceiling: Amount, price: Amount, deposit: SignedDeposit? = nil, seconds: Int64 = 60,
        ahead: SigningAhead? = nil
    ) throws -> VoucherChannel.Reservation {
        VoucherChannel.Reservation(
            id: id, voucher: try alice.voucher(ceiling), price: price, deposit: deposit,
            until: noon.advanced(bySeconds: seconds), ahead: ahead)
    }

    /// How far Bob lets payers sign ahead.
    static let ahead = SigningAhead(maximum: 8, window: 5_000)

    /// Lets a request in beside others.
    mutating func letInAhead(
        ceiling: Amount, price: Amount = 100, seconds: Int64 = 60, at now: Instant = noon, by hand: SigningHand? = nil,
        _ ahead: SigningAhead = Bob.ahead
    ) throws -> ReservationID {
        let id = draw()
        let voucher = try hand?.voucher(ceiling) ?? alice.voucher(ceiling)
        let reservation = VoucherChannel.Reservation(
            id: id, voucher: voucher, price: price, deposit: nil, until: now.advanced(bySeconds: seconds), ahead: ahead)
        #expect(try channel.apply(.paymentArrived(reservation, at: now)) == [])
        return id
    }

    /// Lets a request in whose voucher says what it should.
    @discardableResult
    mutating func letIn(price: Amount, deposit: SignedDeposit? = nil) throws -> ReservationID {
        let id = draw()
        let ceiling = try #require(channel.charged.adding(price))
        let reservation = try reservation(id, ceiling: ceiling, price: price, deposit: deposit)
        #expect(try channel.apply(.paymentArrived(reservation, at: noon)) == [])
        return id
    }

    /// Lets a request in and answers it, for less than was offered if told so.
    mutating func pay(_ price: Amount, costing cost: Amount? = nil) throws {
        let id = try letIn(price: price)
        #expect(try channel.apply(.served(id, price: cost ?? price, at: noon)) == [])
    }

    /// Lets a deposit in, answers, and hears that the ledger then stands at `snapshot`.
    mutating func pay(_ price: Amount, depositing deposit: SignedDeposit, then snapshot: ChannelSnapshot) throws {
        let id = try letIn(price: price, deposit: deposit)
        let effects = try channel.apply(.served(id, price: price, at: noon))
        #expect(effects == [.submitDeposit(deposit, for: id)])
        #expect(try channel.apply(.deposited(id, snapshot, charging: true, at: noon)) == [])
    }
}

/// Expects a refusal with this code, and that the channel is as it was.
func expectRefusal(
    _ event: VoucherChannel.Event, _ channel: VoucherChannel, _ refusal: VoucherChannel.Refusal, _ code: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    var after = channel
    let thrown = #expect(throws: VoucherChannel.Refusal.self, sourceLocation: sourceLocation) {
        try after.apply(event)
    }
    #expect(thrown == refusal, sourceLocation: sourceLocation)
    #expect(thrown?.code == "invalid_batch_settlement_evm_\(code)", sourceLocation: sourceLocation)
    #expect(after == channel, sourceLocation: sourceLocation)
}
