// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingX402
import Logging

/// Steps of a chain on their way to a payee.
struct HashChainSignedPayment: SignedPayment {
    let wallet: Wallet
    let offer: PaymentRequirements
    let entry: Int64
    let identifier: String?
    let payload: JSON
    /// The books with this payment under way.
    let chain: KeptHashChain
    let request: ReservationID
    /// What is locked with it.
    let deposited: Amount
    let lease: ChannelLease

    /// A step counts once, however often it is sent.
    var isRepeatable: Bool { true }

    func settled(_ response: SettleResponse) async throws -> PaymentReceipt {
        defer { lease.giveBack() }
        if let stranger = response.stranger(to: offer, payer: wallet.address) {
            await lost(code: "payment.receipt-of-another")
            throw HeaderFault.member(name: "PAYMENT-RESPONSE", stranger)
        }
        guard let charged = response.extra?["chargedAmount"]?.stringValue.flatMap(Amount.init(wire:)),
            let state = PayeePurse(response.extra?["channelState"], of: chain.id)
        else {
            await lost(code: "payment.charge-unreadable")
            throw HeaderFault.member(name: "PAYMENT-RESPONSE", "extra.channelState")
        }
        var next = chain
        do {
            _ = try next.books.apply(.served(request, charged: charged, total: state.charged))
        } catch {
            await lost(code: error.code)
            throw error
        }
        next.funding = nil
        try await wallet.journal.finish(
            entry, JournalOutcome(.paid, charged: charged, transaction: response.transaction), channel: next)
        return PaymentReceipt(
            scheme: offer.scheme, network: offer.network, asset: offer.asset, receiver: offer.payTo,
            price: offer.amount, charged: charged, deposited: deposited, channel: chain.id,
            transaction: response.transaction, identifier: identifier)
    }

    func failed(_ response: SettleResponse) async { await lost(code: response.errorReason ?? "settlement failed") }
    func outcomeUnknown() async { await lost(code: "payment.outcome-unknown") }

    func refused(_ demand: ReceivedDemand) async throws -> Mending {
        defer { lease.giveBack() }
        var next = chain
        guard let state = PayeePurse(in: demand, of: chain.id, like: offer) else {
            // Nothing was charged, and nothing is known to differ.
            _ = try next.books.apply(.notServed(request))
            try await wallet.journal.finish(entry, JournalOutcome(.refused, code: demand.error), channel: next)
            return .nothing
        }
        do {
            _ = try next.books.apply(.corrected(request, charged: state.charged, revealed: state.index))
        } catch {
            await lost(code: error.code)
            throw error
        }
        // Whoever knows the channel has seen its deposit.
        next.funding = nil
        try await wallet.journal.finish(entry, JournalOutcome(.refused, code: demand.error), channel: next)
        return next.books.charged != chain.books.charged ? .mended : .nothing
    }

    /// Ends with a doubt.
    private func lost(code: String) async {
        defer { lease.giveBack() }
        do {
            var next = chain
            _ = try next.books.apply(.unanswered(request))
            try await wallet.journal.finish(
                entry, JournalOutcome(.unknown, code: code), channel: next, isInDoubt: true)
        } catch {
            wallet.logger.error("A payment's end could not be written down", metadata: ["error": "\(error)"])
        }
    }
}

/// How a payee says that a channel stands.
struct PayeePurse: Hashable, Sendable {
    let charged: Amount
    let index: UInt32

    /// - Returns: `nil` for another channel's, and for one that cannot be read.
    init?(_ state: JSON?, of channel: ChannelID) {
        let members = JSONMembers(state)
        guard (try? members.hash("channelId")) == channel.hash, let charged = try? members.amount("charged"),
            let index = try? members.number("index", as: UInt32.self)
        else { return nil }
        self.charged = charged
        self.index = index
    }

    /// Finds the books of one channel in a corrective 402.
    init?(in demand: ReceivedDemand, of channel: ChannelID, like offer: PaymentRequirements) {
        let states = demand.offers.map(\.requirements).filter {
            $0.scheme == offer.scheme && $0.network == offer.network && $0.payTo == offer.payTo
        }
        guard
            let found = states.lazy.compactMap({ PayeePurse($0.extra["channelState"], of: channel) }).first
        else { return nil }
        self = found
    }
}
