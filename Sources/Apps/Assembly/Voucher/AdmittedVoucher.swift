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
import Metrics
import Synchronization

/// A voucher that is set aside for one request.
final class AdmittedVoucher: AdmittedPayment {
    private let desk: VoucherDesk
    private let channel: ChannelID
    private let reservation: VoucherChannel.Reservation
    private let payer: Address
    /// The payer's address as it wrote it; `nil` writes it as people do.
    private let payerText: ArraySlice<UInt8>?
    /// What was delivered for: some of it may have been paid from credit.
    private let delivered = Mutex(Amount.zero)

    init(
        desk: VoucherDesk, channel: ChannelID, reservation: VoucherChannel.Reservation, payer: Address,
        payerText: ArraySlice<UInt8>? = nil
    ) {
        self.desk = desk
        self.channel = channel
        self.reservation = reservation
        self.payer = payer
        self.payerText = payerText
    }

    // Whatever becomes of a request: what was set aside for it must not stay so.
    deinit { desk.cashier.index.release(reservation.id.number, of: channel) }

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
            await release()
            return desk.failure(refusal, payer: payer)
        }
        return SettleResponse(
            success: true, payer: payer, transaction: receipt?.transaction,
            network: desk.settlement.domain.network, amount: receipt?.amount,
            extra: ["chargedAmount": .string("\(charged(price, by: served))"), "channelState": served.channelState])
    }

    func charge(_ price: Amount, answer: @escaping @Sendable (ChargeOutcome) -> Void) {
        guard reservation.deposit == nil else {
            // The answer waits for the ledger.
            Task {
                do {
                    let settled = try await charge(price)
                    answer(settled.success ? .charged(receipt: settled.header) : .refused(settled))
                } catch {
                    answer(.outOfOrder(error))
                }
            }
            return
        }
        desk.engine.submit(.served(reservation.id, price: price, at: desk.clock()), to: channel) { [self] result in
            switch result {
            case .success(let applied):
                if !applied.effects.isEmpty {
                    Task { await desk.effects.attempt(applied.effects, of: channel) }
                }
                let amount = charged(price, by: applied.state)
                let payer = payerText ?? Array(payer.checksummed.utf8)[...]
                answer(.charged(receipt: desk.receipt.header(charged: amount, applied.state, payer: payer)))
            case .failure(let error):
                Task { await release() }
                guard let refusal = error as? VoucherChannel.Refusal else { return answer(.outOfOrder(error)) }
                answer(.refused(desk.failure(refusal, payer: payer)))
            }
        }
    }

    /// Notes that the request was charged.
    ///
    /// - Returns: What it came to: less than its price where credit paid for a part.
    private func charged(_ price: Amount, by channel: VoucherChannel) -> Amount {
        desk.cashier.index.release(reservation.id.number, of: self.channel)
        let amount = channel.lastCharge
        delivered.withLock { $0 = price }
        desk.chargedUnits.increment(by: Double(amount.units))
        return amount
    }

    func release() async {
        // Refused when the reservation ran out meanwhile: then it is free already.
        _ = try? await desk.engine.apply(.released(reservation.id), to: channel)
        desk.cashier.index.release(reservation.id.number, of: channel)
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
