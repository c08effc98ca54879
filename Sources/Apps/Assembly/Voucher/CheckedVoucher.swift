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
            if try desk.engine.applyNow(arrival, to: channel) != nil {
                desk.waits.letIn(reservation.id, on: channel)
                return answer(admitted)
            }
        } catch {
            return answer(nil)
        }
        desk.engine.submit(arrival, to: channel) { result in
            guard case .success = result else { return answer(nil) }
            desk.waits.letIn(reservation.id, on: channel)
            answer(admitted)
        }
    }

    func charge(_ price: Amount, answer: @escaping @Sendable (ChargeOutcome) -> Void) {
        guard hold() else { return answer(.declined) }
        desk.underWay.begin()
        // What others of the same payer signed later must not count as old before this one is in.
        guard reservation.isAhead else { return apply(.paid(reservation, price: price, at: desk.clock()), answer) }
        desk.engine.submit(.paymentArrived(reservation, at: desk.clock()), to: channel) { [self] result in
            guard case .success = result else {
                release()
                return answer(.declined)
            }
            apply(.served(reservation.id, price: price, at: desk.clock()), answer)
        }
    }

    private func apply(_ event: VoucherChannel.Event, _ answer: @escaping @Sendable (ChargeOutcome) -> Void) {
        desk.engine.submit(event, to: channel) { [self] result in
            release()
            switch result {
            case .success(let applied):
                // Whoever waits is woken by the end of what came after its correction.
                desk.waits.letIn(reservation.id, on: channel)
                desk.waits.ended(reservation.id, on: channel)
                if !applied.effects.isEmpty {
                    Task { await desk.effects.attempt(applied.effects, of: channel) }
                }
                desk.count(applied.state.lastCharge)
                answer(.charged { [desk, payerText] in desk.receipt.header(of: applied.state, payer: payerText) })
            case .failure(let error):
                // A request that was let in and could not be charged for must not stay so.
                if reservation.isAhead { desk.engine.submit(.released(reservation.id), to: channel) { _ in } }
                answer(error is VoucherChannel.Refusal ? .declined : .outOfOrder(error))
            }
        }
    }

    private func release() {
        desk.underWay.end()
        if desk.cashier.index.isLimited { desk.cashier.index.release(reservation.id.number, of: channel) }
    }

    /// Sets aside what the request may leave unclaimed, when there is room for it.
    private func hold() -> Bool {
        let index = desk.cashier.index
        guard index.isLimited else { return true }
        return (try? index.reserve(exposure, as: reservation.id.number, of: channel, token: terms.token)) != nil
    }
}
