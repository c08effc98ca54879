// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Logging

/// A voucher on its way to a payee.
struct VoucherSignedPayment: SignedPayment {
    let wallet: Wallet
    let domain: SettlementDomain
    let offer: PaymentRequirements
    let entry: Int64
    let identifier: String?
    let payload: JSON
    /// The books with this payment under way.
    let channel: KeptChannel
    /// The books without it.
    let unsigned: KeptChannel
    /// Whether the channel was found on the settlement, and this is the first that its new books know of.
    let isFound: Bool
    let lease: ChannelLease
    /// Whether an answer got lost, so that it may have been taken before it is refused.
    var wasSentAgain = false

    /// A voucher is for a sum in all: a payee that took it does not take it again.
    var isRepeatable: Bool { true }

    mutating func isSentAgain() { wasSentAgain = true }

    /// Signed exactly, one of them at most was taken.
    var inDoubt: Amount {
        let (books, own) = (channel.books, wasSentAgain ? offer.amount : .zero)
        guard books.untoldDoubts > 0 else { return own }
        return books.doubts.reduce(own) { $1.manner == .past ? $0 : max($0, $1.price) }
    }

    /// What a refusal says of it: of the copy that was refused alone.
    private var refusedState: JournalEntry.State { wasSentAgain ? .unknown : .refused }

    func settled(_ response: SettleResponse) async throws -> PaymentReceipt {
        defer { lease.giveBack() }
        let awaited = channel.books.awaited
        var next = channel
        // Another payment's receipt, or another chain's, says nothing of this one.
        if let stranger = response.stranger(to: offer, payer: channel.books.terms.payer) {
            await lost(code: "payment.receipt-of-another")
            throw HeaderFault.member(name: "PAYMENT-RESPONSE", stranger)
        }
        // Without a word on it, all was charged.
        let told = response.extra?["chargedAmount"]
        guard let charged = told == nil ? offer.amount : told?.stringValue.flatMap(Amount.init(wire:)) else {
            await lost(code: "payment.charge-unreadable")
            throw HeaderFault.member(name: "PAYMENT-RESPONSE", "extra.chargedAmount")
        }
        do {
            _ = try next.books.apply(.answered(charged: charged))
        } catch {
            try await suspend(for: error, .overcharged(charged: charged, price: offer.amount))
            throw error
        }
        try await wallet.journal.finish(
            entry, JournalOutcome(.paid, charged: charged, transaction: response.transaction), channel: next,
            isInDoubt: next.books.isInDoubt(awaited),
            finding: Findings(payments: .noneTaken(isFinal: next.books.doubts.isEmpty)))
        return PaymentReceipt(
            scheme: offer.scheme, network: offer.network, asset: offer.asset, receiver: offer.payTo,
            price: offer.amount, charged: charged, deposited: awaited?.deposit?.amount ?? .zero, channel: channel.id,
            transaction: response.transaction, identifier: identifier)
    }

    func failed(_ response: SettleResponse) async {
        await close(.refused, JournalOutcome(.refused, code: response.errorReason ?? "payment.settlement-failed"))
    }

    func notCharged(code: String) async -> Bool {
        // Of what was sent before, the answer says nothing.
        if wasSentAgain {
            await lost(code: code)
        } else {
            await close(.notCharged, JournalOutcome(.notTaken, code: code))
        }
        return !wasSentAgain
    }

    func outcomeUnknown() async { await lost(code: "payment.outcome-unknown") }

    func notSent() async {
        defer { lease.giveBack() }
        await wallet.giveBackNumber(of: channel.books, unlike: unsigned.books, on: channel.network)
        await wallet.undo(entry, code: "payment.not-sent", channel: unsigned, isNew: unsigned.isBlank)
    }

    func refused(_ demand: ReceivedDemand) async throws -> Mending {
        guard let books = PayeeBooks(in: demand, for: channel.id, like: offer) else {
            return try await refusedWithoutBooks(code: demand.error)
        }
        defer { lease.giveBack() }
        let before = channel.books
        let proof = try? books.voucher?.verified(by: nil, under: before.terms, in: domain)
        let snapshot = try? await wallet.views[channel.network]?.snapshot(of: channel.id)
        var next = channel
        do {
            _ = try next.books.apply(
                .corrected(charged: books.charged, balance: books.balance, proof: proof, ledger: snapshot))
        } catch {
            if case .overstated(let charged, let known) = error {
                try await suspend(for: error, .overstated(charged: charged, known: known))
            } else {
                await lost(code: error.code)
            }
            throw error
        }
        let more = next.books.charged.clampedSubtracting(before.charged)
        // Books that were lost may have signed this very voucher before; whether they were, only the settlement tells.
        let isThisOne =
            !isFound && proof?.ceiling == before.awaited?.ceiling
            && before.doubts.allSatisfy { $0.manner == .exact }
            && !before.doubts.contains { $0.ceiling == proof?.ceiling }
        if !more.isZero, isThisOne {
            try await wallet.journal.finish(
                entry, JournalOutcome(.paid, charged: more, code: "payment.answer-lost"), channel: next,
                finding: Findings(payments: .noneTaken(isFinal: next.books.doubts.isEmpty)))
            return .taken
        }
        let isMended = next.books.charged != before.charged || next.books.balance != before.balance
        try await wallet.journal.finish(
            entry, JournalOutcome(.refused, code: demand.error, goesOn: isMended), channel: next,
            isInDoubt: next.books.isInDoubt(before.awaited),
            finding: Findings(from: before, to: next.books, proof: proof?.ceiling, payeeTold: true))
        return isMended ? .mended : .nothing
    }

    /// The payee shows nothing, but the settlement may know more than we did.
    private func refusedWithoutBooks(code: String?) async throws -> Mending {
        defer { lease.giveBack() }
        var next = channel
        _ = try next.books.apply(.refused)
        let isAboutLedger = code.map { PayeeBooks.refusalsAboutTheLedger.contains(where: $0.hasSuffix) } ?? false
        try await wallet.journal.finish(
            entry, JournalOutcome(refusedState, code: code, goesOn: isAboutLedger), channel: next, isInDoubt: true)
        guard isAboutLedger else { return .nothing }
        let observed = try await wallet.observed(next)
        return observed.books.hasOtherSums(than: next.books) ? .mended : .nothing
    }

    // MARK: - Endings

    private func lost(code: String) async {
        await close(.outcomeUnknown, JournalOutcome(.unknown, code: code))
    }

    /// Ends with a doubt.
    ///
    /// What cannot be written now is as after a crash, and found out later.
    private func close(_ event: VoucherPayer.Event, _ outcome: JournalOutcome) async {
        defer { lease.giveBack() }
        do {
            var next = channel
            _ = try next.books.apply(event)
            try await wallet.journal.finish(entry, outcome, channel: next, isInDoubt: true)
        } catch {
            wallet.logger.error("A payment's end could not be written down", metadata: ["error": "\(error)"])
        }
    }

    /// Nothing more is signed for this payee.
    private func suspend(for refusal: VoucherPayer.Refusal, _ misconduct: VoucherPayer.Misconduct) async throws {
        var next = channel
        _ = try next.books.apply(.outcomeUnknown)
        _ = try next.books.apply(.suspended(misconduct))
        try await wallet.journal.finish(
            entry, JournalOutcome(.unknown, code: refusal.code), channel: next, isInDoubt: true)
        wallet.logger.warning(
            "A payee is not paid any more", metadata: ["channel": "\(channel.id)", "reason": "\(refusal.message)"])
    }
}

extension VoucherPayer {
    /// The payment that is under way.
    var awaited: Payment? { if case .awaiting(let payment) = phase { payment } else { nil } }

    /// Whether a payment may still be taken without our knowing.
    func isInDoubt(_ payment: Payment?) -> Bool { doubts.contains { $0.ceiling == payment?.ceiling } }

    func hasOtherSums(than other: VoucherPayer) -> Bool {
        charged != other.charged || balance != other.balance || outstanding != other.outstanding
    }
}

extension SettleResponse {
    /// The member that says that this is about another payment, if one does.
    func stranger(to offer: PaymentRequirements, payer: Address) -> String? {
        if network != offer.network { return "network" }
        return self.payer.map { $0 == payer } ?? true ? nil : "payer"
    }
}
