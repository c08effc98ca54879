// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Synchronization

/// A payment that was put into a purse, and what is set aside there for one request.
final class AdmittedPrepaid<Scheme: PrepaidOrders>: AdmittedPayment {
    private let desk: PrepaidDesk<Scheme>
    private let channel: ChannelID
    private let reservation: Purse.Reservation
    let source: PaymentSource
    /// What was delivered for: some of it may have been paid from credit.
    private let delivered = Mutex(Amount.zero)

    init(desk: PrepaidDesk<Scheme>, channel: ChannelID, reservation: Purse.Reservation, source: PaymentSource) {
        self.desk = desk
        self.channel = channel
        self.reservation = reservation
        self.source = source
        desk.underWay.begin()
    }

    // Whatever becomes of a request: what was set aside for it must not stay so.
    deinit {
        letGo()
        desk.underWay.end()
    }

    /// A deposit that comes with a payment takes as long as its chain, and the payment is set aside after it.
    var age: Duration? {
        let left = reservation.until.seconds(since: desk.books.clock())
        return .seconds(min(max(desk.timeoutSeconds - left, 0), desk.timeoutSeconds))
    }

    /// What was delivered is unclaimed by now, or nothing was.
    private func letGo() {
        guard desk.books.index.isLimited else { return }
        desk.books.index.release(reservation.id.number, of: channel)
    }

    func charge(_ price: Amount) async throws -> SettleResponse {
        let served: Scheme
        do {
            served = try await desk.books.engine.apply(
                .served(reservation.id, price: price, at: desk.books.clock()), to: channel
            ).state
        } catch let refusal as Scheme.Refusal {
            await release()
            return SettleResponse(
                success: false, errorReason: refusal.code, errorMessage: refusal.description, payer: nil,
                network: desk.offer.domain.network)
        }
        letGo()
        desk.books.metrics?.charge(served.purse.lastCharge)
        delivered.withLock { $0 = price }
        return SettleResponse(
            success: true, payer: nil, network: desk.offer.domain.network,
            extra: [
                "chargedAmount": .string("\(served.purse.lastCharge)"),
                "channelState": served.channelState(by: desk.books.payeeKey),
            ])
    }

    func release() async {
        // Refused when the reservation ran out meanwhile: then it is free already.
        _ = try? await desk.books.engine.apply(.released(reservation.id), to: channel)
        letGo()
    }

    func deliveryFailed() async {
        let amount = delivered.withLock { $0 }
        guard !amount.isZero else { return }
        _ = try? await desk.books.engine.apply(.deliveryFailed(amount), to: channel)
    }
}
