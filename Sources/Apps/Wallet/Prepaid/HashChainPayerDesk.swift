// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingX402

/// Pays offers of `hash-chain` out of the wallet's channels.
///
/// A payment needs no signature, only the next steps of a chain; a signature is made when a channel is opened.
struct HashChainPayerDesk: PayerDesk {
    let wallet: Wallet

    /// For how long a channel is opened, and how long before its end it is not used any more.
    ///
    /// - Unit: seconds.
    private static let lifetime: UInt64 = 7 * 86_400
    private static let margin: Int64 = 600

    func appraise(_ offer: Offer, for resource: RequestedResource) -> Appraisal {
        let kind = ContractKind.hashChain.rawValue
        guard offer.requirements.scheme == kind, let rank = wallet.rank(of: kind) else { return .unknown }
        guard terms(of: offer) != nil else { return .objection(OfferObjection.incomplete(scheme: kind)) }
        let verdict = wallet.policy.evaluate(intent(offer.requirements, resource), after: SpendingTotals())
        if case .refused(let refusal) = verdict { return .objection(refusal) }
        return .payable(rank: rank)
    }

    func plan(_ offer: Offer, for resource: RequestedResource) async throws -> PaymentPlan {
        guard let terms = terms(of: offer) else {
            throw OfferObjection.incomplete(scheme: offer.requirements.scheme)
        }
        let known = try await usable(terms, price: offer.requirements.amount).first
        let deposit = known == nil ? steps(for: offer.requirements).deposit : .zero
        let intent = intent(offer.requirements, resource, known, deposit: deposit)
        let totals = try await wallet.journal.totals(for: intent, at: wallet.clock())
        switch wallet.policy.evaluate(intent, after: totals) {
        case .allowed: return PaymentPlan(offer: offer, price: intent.price, deposit: deposit, channel: known?.id)
        case .ask(let questions):
            return PaymentPlan(
                offer: offer, price: intent.price, deposit: deposit, channel: known?.id,
                questions: questions.map(\.text))
        case .refused(let refusal): throw refusal
        }
    }

    func sign(
        _ offer: Offer, for resource: RequestedResource, identifier: String?, extensions: JSON?
    ) async throws -> any SignedPayment {
        guard let terms = terms(of: offer) else {
            throw OfferObjection.incomplete(scheme: offer.requirements.scheme)
        }
        let wanted = offer.requirements
        var chain: KeptHashChain
        let lease: ChannelLease
        let before: KeptHashChain?
        if let known = try await usable(terms, price: wanted.amount).first {
            lease = try await wallet.lease(oneOf: [known.id])
            // Somebody else may have used it since it was looked at.
            guard let kept = try await wallet.journal.hashChains().first(where: { $0.id == known.id }),
                kept.books.available >= wanted.amount
            else {
                lease.giveBack()
                return try await sign(offer, for: resource, identifier: identifier, extensions: extensions)
            }
            (chain, before) = (kept, kept)
        } else {
            chain = try await opened(on: terms, for: wanted)
            lease = try await wallet.lease(oneOf: [chain.id])
            before = nil
        }
        do {
            chain.usedAt = KeptChannel.Use(method: resource.method, url: resource.url)
            let request = ReservationID(UInt64.random(in: .min ... .max))
            let step = try chain.books.apply(
                .paymentAsked(request, price: wanted.amount, longest: terms.longestStride))
            guard let step else { throw HashChainPayer.Refusal.unknownRequest }
            let deposit = before == nil ? chain.funding?.amount ?? .zero : .zero
            let draft = JournalDraft(
                intent: intent(wanted, resource, chain, deposit: deposit), channel: chain.id,
                ceiling: chain.books.authorised, identifier: identifier)
            let entry = try await wallet.begin(draft, channel: chain)
            let payment = UnverifiedHashChainStep(step)
            let payload: PrepaidPayload<HashChainChannel> =
                chain.funding.map { .open(chain.books.terms, $0, payment) } ?? .payment(chain.id, payment)
            return HashChainSignedPayment(
                wallet: wallet, offer: wanted, entry: entry, identifier: identifier, payload: payload.json,
                chain: chain, request: request, deposited: deposit, lease: lease)
        } catch {
            lease.giveBack()
            throw error
        }
    }

    // MARK: - Channels

    private func terms(of offer: Offer) -> PrepaidOffer? {
        let wanted = offer.requirements
        guard wanted.scheme == ContractKind.hashChain.rawValue, wanted.payTo != .zero, wanted.payTo != wallet.address,
            let name = wanted.extra["name"]?.stringValue, let version = wanted.extra["version"]?.stringValue,
            !wanted.amount.isZero
        else { return nil }
        let domain = TokenDomain(address: wanted.asset, name: name, version: version)
        return PrepaidOffer(wanted, token: Token(domain: domain, symbol: "", decimals: 0))
    }

    /// The channels that can pay so much on these terms, the nearest to its end first.
    private func usable(_ terms: PrepaidOffer, price: Amount) async throws -> [KeptHashChain] {
        let now = wallet.clock().unixSeconds
        return try await wallet.journal.hashChains().filter { chain in
            let books = chain.books
            let step = books.terms.stepAmount.multiplied(by: UInt128(terms.longestStride))
            return !chain.isClosed && chain.network == terms.domain.network && books.terms.payer == wallet.address
                && books.terms.receiver == terms.receiver
                && books.terms.receiverAuthorizer == terms.receiverAuthorizer
                && books.terms.token == terms.token.address
                && books.id == books.terms.channelID(in: terms.domain)
                && Int64(clamping: books.terms.expiry) > now + Self.margin && books.available >= price
                && books.terms.stepAmount <= price
                && step.map { $0 >= price } ?? true
        }.sorted { ($0.books.terms.expiry, $0.id) < ($1.books.terms.expiry, $1.id) }
    }

    /// One step is one request at this price; as many as the policy's target holds.
    private func steps(for offer: PaymentRequirements) -> (count: UInt32, deposit: Amount) {
        let target = wallet.policy.depositTarget(for: offer.network, asset: offer.asset, price: offer.amount)
        let count = UInt32(
            clamping: min(max(target.units / offer.amount.units, 1), UInt128(HashChainTerms.stepCounts.upperBound)))
        return (count, offer.amount.multiplied(by: UInt128(count)) ?? .max)
    }

    /// A channel that is about to be opened.
    ///
    /// Its chain follows from a signature of the wallet's key, so that whoever has the key can make it again.
    private func opened(on terms: PrepaidOffer, for offer: PaymentRequirements) async throws -> KeptHashChain {
        let now = UInt64(clamping: wallet.clock().unixSeconds)
        let (count, deposit) = steps(for: offer)
        var channel = HashChainTerms(
            payer: wallet.address, receiver: terms.receiver, receiverAuthorizer: terms.receiverAuthorizer,
            token: terms.token.address, anchor: .zero, stepCount: count, stepAmount: offer.amount,
            expiry: now + max(Self.lifetime, min(terms.minimumLifetime, HashChainTerms.lifetimes.upperBound)),
            salt: .random())
        let tag = channel.tag(in: terms.domain)
        let secret = try await wallet.signer.sign(terms.domain.digest(of: Self.seedType, [.bytes32(tag)]))
        let chain = HashChainTraversal(seed: Keccak256.hash(secret.bytes), count: count, tag: tag)
        channel.anchor = chain.anchor
        let id = channel.channelID(in: terms.domain)
        let until = wallet.clock().advanced(bySeconds: min(max(offer.maxTimeoutSeconds, 30), 3600))
        var funding = Funding(
            payer: wallet.address, amount: deposit,
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: UInt64(clamping: until.unixSeconds), salt: .random(), signature: secret))
        let digest = terms.domain.depositDigest(funding, of: id, token: terms.token.domain)
        funding.authorization.signature = try await wallet.signer.sign(digest)
        return KeptHashChain(
            books: HashChainPayer(id: id, terms: channel, traversal: chain), network: offer.network, funding: funding)
    }

    /// Nobody asks for this signature but a wallet, of itself: whoever has it has the chain.
    private static let seedType = EIP712.TypeHash("HashChainSeed(bytes32 tag)")

    private func intent(
        _ offer: PaymentRequirements, _ resource: RequestedResource, _ chain: KeptHashChain? = nil,
        deposit: Amount = .zero
    ) -> PaymentIntent {
        PaymentIntent(
            resource, scheme: offer.scheme, network: offer.network, asset: offer.asset, receiver: offer.payTo,
            price: offer.amount, deposit: deposit, locked: chain?.locked ?? deposit)
    }
}
