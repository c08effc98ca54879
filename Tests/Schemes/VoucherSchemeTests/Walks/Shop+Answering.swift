// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

extension Shop {
    /// A request with its payment, as it travels.
    struct Message: Hashable {
        let price: Amount
        let voucher: Voucher
        let deposit: SignedDeposit?
    }

    enum Answer: Hashable {
        case paid(Amount)
        /// The voucher is missing when the shop never took one.
        case correction(charged: Amount, proof: Voucher?)
        case refused(code: String)
    }

    /// Takes a request from beginning to end; `nil` when a crash came before the answer.
    mutating func answer(
        _ message: Message, on ledger: inout ModelLedger, using random: inout SeededGenerator
    ) throws(StoredFormError) -> Answer? {
        guard try catchUp(on: &ledger, using: &random) else { return nil }
        let id: ReservationID
        do throws(VoucherChannel.Refusal) {
            id = try letIn(message.voucher, price: message.price, deposit: message.deposit, at: ledger.now)
        } catch {
            guard error.callsForCorrection else { return .refused(code: error.code) }
            return .correction(charged: channel.charged, proof: channel.best)
        }
        if let deposit = message.deposit, (try? ledger.check(deposit)) == nil {
            try? release(id)
            return .refused(code: "deposit_simulation_failed")
        }
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            try? release(id)
            return .refused(code: "handler")
        case 1:
            try restart()
            return nil
        default: break
        }
        let before = (charged: channel.charged, delivered: delivered)
        let price = UInt128(Int.random(in: 0...Int(message.price.units / 10), using: &random)) * 10
        try? serve(id, price: Amount(units: price), at: ledger.now)
        guard try catchUp(on: &ledger, using: &random) else { return nil }
        guard delivered == before.delivered + price else { return .refused(code: "deposit_transaction_failed") }
        if Int.random(in: 0..<20, using: &random) == 0 {
            try restart()
            return nil
        }
        return .paid(channel.charged.clampedSubtracting(before.charged))
    }

    /// Carries out all effects, unless a crash comes in between.
    mutating func catchUp(
        on ledger: inout ModelLedger, using random: inout SeededGenerator
    ) throws(StoredFormError) -> Bool {
        while !outbox.isEmpty {
            let isCrash = Int.random(in: 0..<10, using: &random) == 0
            let crash = isCrash ? Crash.allCases.randomElement(using: &random) ?? .never : .never
            try runEffect(on: &ledger, crash: crash)
            guard crash == .never else { return false }
        }
        return true
    }
}
