// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

/// Alice's bookkeeper: the payer's machine, told what happened, and the vouchers that it had signed.
struct Carol {
    let alice: Alice
    var payer: VoucherPayer

    /// A channel with `balance`, on which the payee once agreed that `charged` was spent.
    ///
    /// Without a `charged` the books were made anew, and nobody has agreed with them.
    init(balance: Amount? = nil, charged: Amount? = nil) throws {
        alice = try Alice()
        payer = VoucherPayer(id: alice.id, terms: alice.terms, ledger: balance.map { Bob.snapshot($0, at: 1) })
        if let charged { try pay(charged) }
    }

    mutating func start(_ price: Amount, deposit: DepositLeave = .of(0), at now: Instant = noon) throws {
        _ = try payer.apply(.requestStarted(price: price, deposit: deposit, at: now))
    }

    /// A request and its answer.
    mutating func pay(_ price: Amount, costing cost: Amount? = nil) throws {
        try start(price)
        _ = try payer.apply(.answered(charged: cost ?? price))
    }

    /// A request whose answer got lost.
    mutating func lose(_ price: Amount, deposit: DepositLeave = .of(0)) throws {
        try start(price, deposit: deposit)
        _ = try payer.apply(.outcomeUnknown)
    }

    /// A request that the payee answers with its books, showing the voucher for `shown`.
    mutating func correct(
        offering price: Amount, to charged: Amount, showing shown: Amount?, balance: Amount? = nil,
        ledger: ChannelSnapshot? = nil
    ) throws {
        try start(price)
        let proof = try shown.map { try alice.voucher($0) }
        _ = try payer.apply(.corrected(charged: charged, balance: balance, proof: proof, ledger: ledger))
    }

    /// Expects a refusal with this code, and that the books are as they were.
    func expect(
        _ event: VoucherPayer.Event, _ refusal: VoucherPayer.Refusal, _ code: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var after = payer
        let thrown = #expect(throws: VoucherPayer.Refusal.self, sourceLocation: sourceLocation) {
            try after.apply(event)
        }
        #expect(thrown == refusal, sourceLocation: sourceLocation)
        #expect(thrown?.code == code, sourceLocation: sourceLocation)
        #expect(thrown?.message.hasSuffix(".") == true, sourceLocation: sourceLocation)
        #expect(after == payer, sourceLocation: sourceLocation)
    }
}
