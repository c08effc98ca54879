// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingExactScheme
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingX402
import Logging

/// Pays offers of `exact`: one transfer from account to account for each request.
struct ExactPayerDesk: PayerDesk {
    let wallet: Wallet

    func appraise(_ offer: Offer, for resource: RequestedResource) -> Appraisal {
        guard offer.requirements.scheme == ExactTransfer.scheme else { return .unknown }
        guard let rank = wallet.rank(of: ExactTransfer.scheme) else {
            return .objection(OfferObjection.unwanted(scheme: ExactTransfer.scheme))
        }
        guard tokenDomain(of: offer.requirements) != nil, wallet.domain(of: offer.requirements.network) != nil else {
            return .objection(OfferObjection.incomplete(scheme: offer.requirements.scheme))
        }
        let verdict = wallet.policy.evaluate(intent(offer.requirements, resource), after: SpendingTotals())
        if case .refused(let refusal) = verdict { return .objection(refusal) }
        return .payable(rank: rank)
    }

    func rank(_ offer: Offer, for resource: RequestedResource) async throws -> Int? {
        try await wallet.rank(offer.requirements, for: resource, hasMoney: false)
    }

    func plan(_ offer: Offer, for resource: RequestedResource) async throws -> PaymentPlan {
        let intent = intent(offer.requirements, resource)
        let totals = try await wallet.journal.totals(for: intent, at: wallet.clock())
        switch wallet.policy.evaluate(intent, after: totals) {
        case .allowed: return PaymentPlan(offer: offer, price: intent.price)
        case .ask(let questions):
            return PaymentPlan(offer: offer, price: intent.price, questions: questions.map(\.text))
        case .refused(let refusal): throw refusal
        }
    }

    func sign(
        _ offer: Offer, for resource: RequestedResource, identifier: String?, extensions: JSON?
    ) async throws -> any SignedPayment {
        let wanted = offer.requirements
        guard let token = tokenDomain(of: wanted), let domain = wallet.domain(of: wanted.network) else {
            throw OfferObjection.incomplete(scheme: wanted.scheme)
        }
        let intent = intent(wanted, resource)
        let entry = try await wallet.begin(JournalDraft(intent: intent, identifier: identifier), channel: nil)
        let until = wallet.clock().advanced(bySeconds: min(max(wanted.maxTimeoutSeconds, 30), 3600))
        let transfer = ExactTransfer(
            payer: wallet.address, receiver: wanted.payTo, amount: wanted.amount,
            validBefore: UInt64(clamping: until.unixSeconds), nonce: .random())
        do {
            let signature = try await wallet.signer.sign(transfer.digest(token: token, in: domain))
            return ExactSignedPayment(
                wallet: wallet, offer: wanted, entry: entry, identifier: identifier,
                payload: transfer.payload(signature: signature))
        } catch {
            await wallet.undo(entry, code: "payment.not-signed")
            throw error
        }
    }

    private func intent(_ offer: PaymentRequirements, _ resource: RequestedResource) -> PaymentIntent {
        PaymentIntent(
            resource, scheme: offer.scheme, network: offer.network, asset: offer.asset, receiver: offer.payTo,
            price: offer.amount)
    }

    /// `nil` for an offer that is not to be paid by EIP-3009.
    private func tokenDomain(of offer: PaymentRequirements) -> TokenDomain? {
        guard offer.network.evmChainID != nil, offer.payTo != .zero,
            (offer.extra["assetTransferMethod"]?.stringValue ?? "eip3009") == "eip3009",
            let name = offer.extra["name"]?.stringValue, let version = offer.extra["version"]?.stringValue
        else { return nil }
        return TokenDomain(address: offer.asset, name: name, version: version)
    }
}

/// A signed transfer on its way to a payee.
struct ExactSignedPayment: SignedPayment {
    let wallet: Wallet
    let offer: PaymentRequirements
    let entry: Int64
    let identifier: String?
    let payload: JSON

    /// The token takes each nonce only once.
    var isRepeatable: Bool { true }

    func settled(_ response: SettleResponse) async throws -> PaymentReceipt {
        if let stranger = response.stranger(to: offer, payer: wallet.address) {
            await lost(code: "payment.receipt-of-another")
            throw HeaderFault.member(name: "PAYMENT-RESPONSE", stranger)
        }
        try await wallet.journal.finish(
            entry, JournalOutcome(.paid, charged: offer.amount, transaction: response.transaction), channel: nil)
        return PaymentReceipt(
            scheme: offer.scheme, network: offer.network, asset: offer.asset, receiver: offer.payTo,
            price: offer.amount, charged: offer.amount, transaction: response.transaction, identifier: identifier)
    }

    // A payee that has the authorisation may submit it as long as it is valid, whatever it answered.
    func failed(_ response: SettleResponse) async { await lost(code: response.errorReason ?? "settlement failed") }
    func notCharged(code: String) async -> Bool {
        await lost(code: code)
        return false
    }

    func outcomeUnknown() async { await lost(code: "payment.outcome-unknown") }
    func notSent() async { await wallet.undo(entry, code: "payment.not-sent") }

    func refused(_ demand: ReceivedDemand) async throws -> Mending {
        await lost(code: demand.error ?? "payment.refused")
        return .takeable
    }

    private func lost(code: String) async {
        do {
            try await wallet.journal.finish(entry, JournalOutcome(.unknown, code: code), channel: nil, isInDoubt: true)
        } catch {
            wallet.logger.error("A payment's end could not be written down", metadata: ["error": "\(error)"])
        }
    }
}
