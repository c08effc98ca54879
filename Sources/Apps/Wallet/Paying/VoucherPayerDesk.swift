// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402

/// Pays offers of `batch-settlement` out of the wallet's channels.
struct VoucherPayerDesk: PayerDesk {
    let wallet: Wallet

    func appraise(_ offer: Offer, for resource: RequestedResource) -> Appraisal {
        guard offer.requirements.scheme == VoucherOffer.scheme else { return .unknown }
        guard let rank = wallet.rank(of: VoucherOffer.scheme) else {
            return .objection(OfferObjection.unwanted(scheme: VoucherOffer.scheme))
        }
        guard let terms = VoucherTerms(offer.requirements), wallet.domain(of: terms.network) != nil else {
            return .objection(OfferObjection.incomplete(scheme: offer.requirements.scheme))
        }
        if let refusal = wallet.policy.refusal(ofLockingFor: terms.withdrawDelay) { return .objection(refusal) }
        // What does not depend on what was spent before is known here already.
        if case .refused(let refusal) = wallet.policy.evaluate(intent(terms, resource), after: SpendingTotals()) {
            return .objection(refusal)
        }
        return .payable(rank: rank)
    }

    func rank(_ offer: Offer, for resource: RequestedResource) async throws -> Int? {
        var hasMoney = false
        if let terms = VoucherTerms(offer.requirements) {
            let (payer, voucherSigner) = (wallet.address, wallet.voucherSigner.address)
            hasMoney = try await wallet.journal.channels().contains {
                $0.network == terms.network && $0.books.spendable >= terms.price
                    && terms.fits($0.books.terms, payer: payer, voucherSigner: voucherSigner)
            }
        }
        return try await wallet.rank(offer.requirements, for: resource, hasMoney: hasMoney)
    }

    func plan(_ offer: Offer, for resource: RequestedResource) async throws -> PaymentPlan {
        guard let terms = VoucherTerms(offer.requirements), let domain = wallet.domain(of: terms.network) else {
            throw OfferObjection.incomplete(scheme: offer.requirements.scheme)
        }
        let (lease, channel) = try await wallet.lease(for: terms, in: domain)
        defer { lease.giveBack() }
        var books = channel.books
        _ = try books.apply(.requestStarted(price: terms.price, deposit: leave(terms, books), at: wallet.clock()))
        let (intent, deposit) = intent(terms, resource, books)
        let totals = try await wallet.journal.totals(for: intent, at: wallet.clock())
        var questions: [String] = []
        switch wallet.policy.evaluate(intent, after: totals) {
        case .allowed: break
        case .ask(let asked): questions = asked.map(\.text)
        case .refused(let refusal): throw refusal
        }
        return PaymentPlan(
            offer: offer, price: terms.price, deposit: deposit, channel: channel.id, questions: questions)
    }

    func sign(
        _ offer: Offer, for resource: RequestedResource, identifier: String?, extensions: JSON?
    ) async throws -> any SignedPayment {
        guard let terms = VoucherTerms(offer.requirements), let domain = wallet.domain(of: terms.network) else {
            throw OfferObjection.incomplete(scheme: offer.requirements.scheme)
        }
        let limits = SigningAhead(declared: extensions)?.held(to: wallet.options.requestsAhead)
        do {
            return try await sign(offer, terms, in: domain, for: resource, identifier, extensions, within: limits)
        } catch VoucherPayer.Refusal.requestInFlight where limits != nil {
            // It cannot be signed on top of those in flight, so it is signed when they have ended.
            return try await sign(offer, terms, in: domain, for: resource, identifier, extensions, within: nil)
        }
    }

    /// - Parameter limits: `nil` when the channel must be had alone.
    private func sign(
        _ offer: Offer, _ terms: VoucherTerms, in domain: SettlementDomain, for resource: RequestedResource,
        _ identifier: String?, _ extensions: JSON?, within limits: SigningAhead?
    ) async throws -> any SignedPayment {
        let (lease, before) = try await wallet.lease(
            for: terms, in: domain, beside: limits.map { $0.maximum - 1 } ?? 0)
        do {
            var channel = before
            channel.usedAt = KeptChannel.Use(method: resource.method, url: resource.url)
            // Whoever asks for one thing after the other signs exactly, as x402 is published.
            let isAhead = lease.isShared || lease.isContended || resource.isPaidAhead
            let effects = try await start(terms, in: &channel.books, within: isAhead ? limits : nil)
            let (intent, _) = intent(terms, resource, channel.books)
            let draft = JournalDraft(
                intent: intent, channel: channel.id, ceiling: channel.books.inFlight.last?.ceiling,
                identifier: identifier)
            let entry: Int64
            do { entry = try await wallet.begin(draft, channel: channel) } catch {
                await wallet.giveBackNumber(of: channel.books, unlike: before.books, on: terms.network)
                throw error
            }
            do {
                let hand = VoucherHand(wallet: wallet, domain: domain, token: terms.token, terms: channel.books.terms)
                let payload = try await hand.payload(of: effects, in: channel.id)
                wallet.journal.probe?.reach(.signed, .payment)
                if let payment = channel.books.inFlight.last, payment.manner == .ahead {
                    return AheadSignedPayment(
                        wallet: wallet, offer: offer.requirements, entry: entry, identifier: identifier,
                        payload: payload.json, echo: SigningAhead.echo(of: extensions),
                        payer: channel.books.terms.payer, ceiling: payment.ceiling, slot: await lease.keepSlot())
                }
                return VoucherSignedPayment(
                    wallet: wallet, domain: domain, offer: offer.requirements, entry: entry, identifier: identifier,
                    payload: payload.json, channel: channel, unsigned: before,
                    isFound: before.usedAt == nil && before.books.height > 0, lease: lease)
            } catch {
                // Nothing left the house, so nothing happened.
                await wallet.giveBackNumber(of: channel.books, unlike: before.books, on: terms.network)
                await wallet.undo(entry, code: "payment.not-signed", channel: before, isNew: before.isBlank)
                throw error
            }
        } catch {
            lease.giveBack()
            throw error
        }
    }

    /// Begins a payment; a deposit that is new, and a transaction, gets its number, which the books keep: the same
    /// deposit signed again is the same transaction.
    private func start(
        _ terms: VoucherTerms, in books: inout VoucherPayer, within limits: SigningAhead?
    ) async throws -> [VoucherPayer.Effect] {
        var deposit = leave(terms, books)
        let now = wallet.clock()
        func started(with deposit: DepositLeave) -> VoucherPayer.Event {
            guard let limits else { return .requestStarted(price: terms.price, deposit: deposit, at: now) }
            return .aheadStarted(price: terms.price, deposit: deposit, at: now, limits)
        }
        let before = books
        let effects = try books.apply(started(with: deposit))
        if effects.contains(.authorizeDeposit(deposit)) {
            try await wallet.checkFunds(for: deposit.amount, in: terms.token.address, on: terms.network)
        }
        guard deposit.method == .eip3009, effects.contains(.authorizeDeposit(deposit)) else { return effects }
        deposit.number = try await wallet.depositNumber(on: terms.network, until: deposit.validBefore)
        books = before
        return try books.apply(started(with: deposit))
    }

    // MARK: - How much

    private func intent(_ terms: VoucherTerms, _ resource: RequestedResource) -> PaymentIntent {
        PaymentIntent(
            resource, scheme: VoucherOffer.scheme, network: terms.network, asset: terms.token.address,
            receiver: terms.receiver, price: terms.price)
    }

    /// - Parameter books: With the payment under way.
    private func intent(
        _ terms: VoucherTerms, _ resource: RequestedResource, _ books: VoucherPayer
    ) -> (intent: PaymentIntent, deposit: Amount) {
        let deposit = books.awaited?.deposit?.amount ?? .zero
        var intent = intent(terms, resource)
        intent.deposit = deposit
        // All that the payee could keep from us, if it never answered again.
        intent.locked = books.refundable.adding(deposit) ?? .max
        return (intent, deposit)
    }

    /// Fills the channel up to the target, or to what the payee wishes, as far as the policy lets it.
    private func leave(_ terms: VoucherTerms, _ books: VoucherPayer) -> DepositLeave {
        let policy = wallet.policy
        let asset = terms.token.address
        var target = policy.depositTarget(for: terms.network, asset: asset, price: terms.price)
        if let wish = terms.minimumDeposit { target = max(target, wish) }
        if let cap = policy.depositCap(for: terms.network, asset: asset) { target = min(target, cap) }
        // Never less than the request needs: the policy then says that it is too much.
        let missing = terms.price.clampedSubtracting(books.spendable)
        let gap = books.charged.clampedSubtracting(books.limit)
        let amount = max(target.clampedSubtracting(books.spendable), missing).adding(gap) ?? .max
        let validBefore = wallet.clock().advanced(bySeconds: terms.timeout)
        return DepositLeave(
            amount: amount, method: terms.method, salt: .random(),
            validBefore: UInt64(clamping: validBefore.unixSeconds))
    }
}
