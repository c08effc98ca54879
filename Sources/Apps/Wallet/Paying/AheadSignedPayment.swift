// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Logging

/// A voucher on its way to a payee beside others of the same channel.
struct AheadSignedPayment: SignedPayment {
    let wallet: Wallet
    let offer: PaymentRequirements
    let entry: Int64
    let identifier: String?
    let payload: JSON
    let echo: JSON?
    let payer: Address
    let ceiling: Amount
    let slot: ChannelSlot

    /// Each voucher pays for one request: a payee that took it does not take it again.
    var isRepeatable: Bool { true }

    func settled(_ response: SettleResponse) async throws -> PaymentReceipt {
        // Another payment's receipt, or another chain's, says nothing of this one.
        if let stranger = response.stranger(to: offer, payer: payer) {
            await close(JournalOutcome(.unknown, code: "payment.receipt-of-another"))
            throw HeaderFault.member(name: "PAYMENT-RESPONSE", stranger)
        }
        // Without a word on it, all was charged.
        let told = response.extra?["chargedAmount"]
        guard let charged = told == nil ? offer.amount : told?.stringValue.flatMap(Amount.init(wire:)) else {
            await close(JournalOutcome(.unknown, code: "payment.charge-unreadable"))
            throw HeaderFault.member(name: "PAYMENT-RESPONSE", "extra.chargedAmount")
        }
        try await end { channel in
            do throws(VoucherPayer.Refusal) {
                _ = try channel.books.apply(.aheadAnswered(ceiling: ceiling, charged: charged))
            } catch {
                let misconduct = VoucherPayer.Misconduct.overcharged(charged: charged, price: offer.amount)
                _ = try channel.books.apply(.aheadEnded(ceiling: ceiling))
                _ = try channel.books.apply(.suspended(misconduct))
                wallet.logger.warning(
                    "A payee is not paid any more",
                    metadata: ["channel": "\(channel.id)", "reason": "\(error.message)"])
                return (JournalOutcome(.unknown, code: error.code), error)
            }
            return (JournalOutcome(.paid, charged: charged, transaction: response.transaction), nil)
        }
        return PaymentReceipt(
            scheme: offer.scheme, network: offer.network, asset: offer.asset, receiver: offer.payTo,
            price: offer.amount, charged: charged, channel: slot.channel, transaction: response.transaction,
            identifier: identifier)
    }

    func failed(_ response: SettleResponse) async {
        await close(JournalOutcome(.refused, code: response.errorReason ?? "payment.settlement-failed"))
    }

    func notCharged(code: String) async -> Bool {
        await close(JournalOutcome(.notTaken, code: code))
        return true
    }

    /// The payee's books say nothing while others are in flight; the request is paid for anew when those have ended.
    func refused(_ demand: ReceivedDemand) async throws -> Mending {
        await close(JournalOutcome(.refused, code: demand.error, goesOn: true))
        return .postponed
    }

    func outcomeUnknown() async { await close(JournalOutcome(.unknown, code: "payment.outcome-unknown")) }

    func notSent() async {
        await close(JournalOutcome(.notTaken, code: "payment.not-sent"), .aheadUnsent(ceiling: ceiling))
    }

    // MARK: - Endings

    /// Ends with a doubt, unless the event says otherwise.
    ///
    /// What cannot be written now is as after a crash, and found out later.
    private func close(_ outcome: JournalOutcome, _ event: VoucherPayer.Event? = nil) async {
        do {
            try await end { channel in
                _ = try channel.books.apply(event ?? .aheadEnded(ceiling: ceiling))
                return (outcome, nil)
            }
        } catch {
            wallet.logger.error("A payment's end could not be written down", metadata: ["error": "\(error)"])
        }
    }

    /// Takes an end into the books as they are now, and writes both down.
    private func end(
        _ change: (inout KeptChannel) throws -> (JournalOutcome, (any Error)?)
    ) async throws {
        guard let lease = try await slot.end() else { return }
        defer { lease.giveBack() }
        // All of this also when the task is cancelled: else the payment stays in flight for good.
        guard let before = try await wallet.journal.readRegardless({ try $0.channel(slot.channel) }) else {
            throw JournalError.channelInUse(slot.channel)
        }
        var next = before
        let (outcome, refusal) = try change(&next)
        let isInDoubt = next.books.doubts.contains { $0.ceiling == ceiling }
        // The last one may bring the settlement's word into the books.
        try await wallet.journal.finish(entry, outcome, channel: next, isInDoubt: isInDoubt)
        if let refusal { throw refusal }
    }
}
