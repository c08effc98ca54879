// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme

/// A voucher that its payer signed and that fits the books of its channel.
struct CheckedVoucher: CheckedPayment {
    let desk: VoucherDesk
    let channel: ChannelID
    let terms: ChannelTerms
    let reservation: VoucherChannel.Reservation
    /// What it may add to what is unclaimed, when that is limited.
    let exposure: Amount
    /// The payer's address as it wrote it.
    let payerText: ArraySlice<UInt8>

    func setAside(answer: @escaping @Sendable ((any AdmittedPayment)?) -> Void) {
        guard hold() else { return answer(nil) }
        let admitted = AdmittedVoucher(desk: desk, channel: channel, reservation: reservation, payer: terms.payer)
        let arrival = VoucherChannel.Event.paymentArrived(reservation, at: desk.clock())
        do {
            if try desk.engine.applyNow(arrival, to: channel) != nil { return answer(admitted) }
        } catch {
            return answer(nil)
        }
        desk.engine.submit(arrival, to: channel) { result in
            if case .success = result { answer(admitted) } else { answer(nil) }
        }
    }

    func charge(_ price: Amount, answer: @escaping @Sendable (ChargeOutcome) -> Void) {
        guard hold() else { return answer(.declined) }
        let payment = VoucherChannel.Event.paid(reservation, price: price, at: desk.clock())
        desk.engine.submit(payment, to: channel) { [desk, channel, reservation, payerText] result in
            if desk.cashier.index.isLimited { desk.cashier.index.release(reservation.id.number, of: channel) }
            switch result {
            case .success(let applied):
                if !applied.effects.isEmpty { Task { await desk.effects.attempt(applied.effects, of: channel) } }
                desk.count(applied.state.lastCharge)
                answer(.charged { desk.receipt.header(of: applied.state, payer: payerText) })
            case .failure(let error):
                answer(error is VoucherChannel.Refusal ? .declined : .outOfOrder(error))
            }
        }
    }

    /// Sets aside what the request may leave unclaimed, when there is room for it.
    private func hold() -> Bool {
        let index = desk.cashier.index
        guard index.isLimited else { return true }
        return (try? index.reserve(exposure, as: reservation.id.number, of: channel, token: terms.token)) != nil
    }
}
