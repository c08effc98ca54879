// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Logging
import Synchronization

/// A voucher that is set aside for one request.
final class AdmittedVoucher: AdmittedPayment {
    private let desk: VoucherDesk
    private let channel: ChannelID
    private let reservation: VoucherChannel.Reservation
    private let payer: Address
    /// What locking the deposit came to, where that was done before.
    private let locked: SettleResponse?
    /// When the deposit took its turn, until it is handed in or its turn is given back.
    private let turn: Mutex<Instant?>
    /// What was delivered for: some of it may have been paid from credit.
    private let delivered = Mutex(Amount.zero)

    init(
        desk: VoucherDesk, channel: ChannelID, reservation: VoucherChannel.Reservation, payer: Address,
        turn: Instant? = nil, locked: SettleResponse? = nil
    ) {
        self.desk = desk
        self.channel = channel
        self.reservation = reservation
        self.payer = payer
        self.turn = Mutex(turn)
        self.locked = locked
        desk.underWay.begin()
    }

    // Whatever becomes of a request: what was set aside for it must not stay so.
    deinit {
        giveBackTurn()
        desk.cashier.index.release(reservation.id.number, of: channel)
        desk.waits.ended(reservation.id, on: channel)
        desk.underWay.end()
    }

    var source: PaymentSource { .payer(payer) }

    /// Has the deposit locked for nothing, and sets the voucher aside anew: it still goes one price above what was charged.
    func secured() async throws -> SecuredPayment {
        guard reservation.deposit != nil else { return .ready(self) }
        let locked = try await charge(.zero)
        guard locked.success else { return .failed(locked) }
        do {
            return .renewed(
                AdmittedVoucher(
                    desk: desk, channel: channel,
                    reservation: try await desk.setAside(reservation.voucher, of: channel, for: reservation.price),
                    payer: payer, locked: locked))
        } catch let refusal as VoucherChannel.Refusal {
            return .failed(desk.failure(refusal, payer: payer))
        }
    }

    func charge(_ price: Amount) async throws -> SettleResponse {
        let served: VoucherChannel
        let receipt: DepositReceipt?
        do {
            let applied = try await desk.engine.apply(
                .served(reservation.id, price: price, at: desk.clock()), to: channel)
            if let effect = applied.effects.first, case .submitDeposit = effect.effect {
                let deposit = try await desk.effects.deposit(effect, of: channel, charging: true)
                (served, receipt) = (deposit.state, deposit.receipt)
            } else {
                await desk.effects.attempt(applied.effects, of: channel)
                (served, receipt) = (applied.state, nil)
            }
        } catch let refusal as VoucherChannel.Refusal {
            // Others of the payer's transactions come before it: nothing was handed in, and later it may be.
            let comesLater = if case .depositFailed(.authorizationNotYetValid) = refusal { true } else { false }
            if case .depositFailed = refusal, !comesLater { useTurn() }
            await release()
            if comesLater { throw refusal }
            return desk.failure(refusal, payer: payer)
        } catch let error as SettlementError {
            // Nobody knows what became of the deposit; of this request it is known that it is not charged.
            useTurn()
            await release()
            throw error
        }
        if receipt != nil { useTurn() }
        desk.cashier.index.release(reservation.id.number, of: channel)
        desk.waits.ended(reservation.id, on: channel)
        delivered.withLock { $0 = price }
        desk.count(served.lastCharge)
        return SettleResponse(
            success: true, payer: payer, transaction: receipt?.transaction ?? locked?.transaction,
            network: desk.settlement.domain.network, amount: receipt?.amount ?? locked?.amount,
            extra: ["chargedAmount": .string("\(served.lastCharge)"), "channelState": served.channelState])
    }

    /// The deposit was handed in.
    @discardableResult
    private func useTurn() -> Instant? {
        turn.withLock { turn in
            defer { turn = nil }
            return turn
        }
    }

    private func giveBackTurn() {
        guard let time = useTurn(), let deposit = reservation.deposit else { return }
        desk.depositTurns?.giveBack(deposit, takenAt: time)
    }

    func release() async {
        giveBackTurn()
        // Refused when the reservation ran out meanwhile: then it is free already.
        _ = try? await desk.engine.apply(.released(reservation.id), to: channel)
        desk.cashier.index.release(reservation.id.number, of: channel)
        desk.waits.ended(reservation.id, on: channel)
    }

    func deliveryFailed() async {
        let amount = delivered.withLock { $0 }
        guard !amount.isZero else { return }
        do {
            _ = try await desk.engine.apply(.deliveryFailed(amount), to: channel)
        } catch {
            desk.effects.logger.error(
                "A payer could not be credited for a broken delivery",
                metadata: ["channel": "\(channel)", "amount": "\(amount)", "error": "\(error)"])
        }
    }
}
