// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingX402

/// Pays offers of one scheme whose payments fill a purse, whatever the scheme.
struct PrepaidPayerDesk<Books: PayerBooks>: PayerDesk {
    typealias Kept = KeptPrepaid<Books>

    let wallet: Wallet

    private var scheme: String { Books.kind.rawValue }

    func appraise(_ offer: Offer, for resource: RequestedResource) -> Appraisal {
        guard offer.requirements.scheme == scheme else { return .unknown }
        guard let rank = wallet.rank(of: scheme) else {
            return .objection(OfferObjection.unwanted(scheme: scheme))
        }
        guard canDeposit(offer.requirements) else { return .objection(OfferObjection.coin(offer.requirements.network)) }
        guard let terms = terms(of: offer) else { return .objection(OfferObjection.incomplete(scheme: scheme)) }
        if let refusal = wallet.policy.refusal(ofLockingFor: terms.minimumLifetime) { return .objection(refusal) }
        let verdict = wallet.policy.evaluate(intent(offer.requirements, resource), after: SpendingTotals())
        if case .refused(let refusal) = verdict { return .objection(refusal) }
        return .payable(rank: rank)
    }

    func plan(_ offer: Offer, for resource: RequestedResource) async throws -> PaymentPlan {
        guard let terms = terms(of: offer) else { throw OfferObjection.incomplete(scheme: scheme) }
        let wanted = offer.requirements
        let known = try await usable(terms, price: wanted.amount).first
        let deposit = known == nil ? Books.deposit(for: try await opening(on: terms, wanted, resource)) : .zero
        let intent = intent(wanted, resource, locked: known?.locked, deposit: deposit)
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

    func rank(_ offer: Offer, for resource: RequestedResource) async throws -> Int? {
        let known = terms(of: offer)
        // A payee that cheated has no channel to pay out of.
        let usable = if let known { try? await usable(known, price: offer.requirements.amount) } else { [Kept]?.none }
        return try await wallet.rank(offer.requirements, for: resource, hasMoney: usable?.isEmpty == false)
    }

    func sign(
        _ offer: Offer, for resource: RequestedResource, identifier: String?, extensions: JSON?
    ) async throws -> any SignedPayment {
        guard let terms = terms(of: offer) else { throw OfferObjection.incomplete(scheme: scheme) }
        let wanted = offer.requirements
        let taken = try await take(on: terms, wanted, resource)
        // Whoever comes next looks for a channel when this one is written down.
        defer { taken.door?.giveBack() }
        do {
            let before = taken.channel
            var channel = before
            channel.usedAt = KeptChannel.Use(method: resource.method, url: resource.url)
            channel.changed = terms.receiver
            if Books.paysMany { channel.paidBy[terms.receiver] = terms.receiverAuthorizer }
            let request = ReservationID(UInt64.random(in: .min ... .max))
            let now = wallet.clock()
            var unsigned = before
            unsigned.changed = terms.receiver
            let step = try channel.books.pay(request, price: wanted.amount, under: terms, at: now)
            // A deposit that came too late, and whether it came, only the payee can say now.
            var funding: Funding?
            if let signed = channel.funding, !before.isKnown(to: terms.receiver) {
                funding = try await wallet.handedOver(
                    signed, on: channel.network, until: now.advanced(bySeconds: Self.timeout(wanted)))
                channel.funding = funding ?? signed
                // Its number is taken for so long, whatever becomes of this payment.
                unsigned.funding = channel.funding
            }
            let awaitsCoin = channel.awaitsCoin
            // One that is tried again is in what is locked already.
            let deposit: Amount =
                taken.door == nil ? .zero : awaitsCoin ? channel.books.deposit : channel.funding?.amount ?? .zero
            let draft = JournalDraft(
                intent: intent(wanted, resource, locked: channel.locked, deposit: deposit), channel: channel.id,
                ceiling: channel.books.authorised, identifier: identifier)
            let entry: Int64
            do { entry = try await wallet.begin(draft, channel: channel) } catch {
                if taken.door != nil { await giveBackNumber(of: channel.funding, on: channel.network) }
                throw error
            }
            do {
                try await makeDeposit(&channel, on: terms)
                unsigned.awaitsCoin = channel.awaitsCoin
                let payment = try await channel.books.signed(step, under: terms, by: wallet.signer)
                wallet.journal.probe?.reach(.signed, .payment)
                let payload: PrepaidPayload<Books.Wire> =
                    funding.map { .open(channel.books.terms, $0, payment) } ?? .payment(channel.id, payment)
                return PrepaidSignedPayment(
                    wallet: wallet, offer: wanted, domain: terms.domain, entry: entry, identifier: identifier,
                    payload: payload.json, channel: channel, unsigned: unsigned, request: request, deposited: deposit,
                    isIntroduction: Books.isIntroduction(step), madeDeposit: awaitsCoin,
                    isNew: taken.door != nil && !awaitsCoin, lease: taken.lease)
            } catch {
                // Nothing left the house, so nothing happened; but a deposit of the chain's coin may be on its way.
                if unsigned.awaitsCoin, Self.isFinal(error) { unsigned.standing = .lapsed }
                await wallet.undo(
                    entry, code: "payment.not-signed", channel: unsigned, isNew: taken.door != nil && !awaitsCoin)
                throw error
            }
        } catch {
            taken.lease.giveBack()
            throw error
        }
    }

    // MARK: - Channels

    private struct Taken {
        let channel: Kept
        let lease: ChannelLease
        /// Held while a channel is opened, so that those who come meanwhile use it too.
        let door: ChannelLease?
    }

    /// A channel that can pay, for this payment alone; a new one when there is none.
    private func take(
        on terms: PrepaidOffer, _ wanted: PaymentRequirements, _ resource: RequestedResource
    ) async throws -> Taken {
        let payee = terms.receiver
        while true {
            let door = try await wallet.lease(oneOf: [Self.place("door", terms)])
            do {
                let known = try await usable(terms, price: wanted.amount)
                let turns = known.map { $0.turn(for: payee) }
                let isFull = known.count >= wallet.options.channelsPerPayee
                // Where all are used and there may be more, the spare one is free: that stands for a new channel.
                if isFull { door.giveBack() }
                let lease = try await wallet.lease(oneOf: isFull ? turns : turns + [Self.place("spare", terms)])
                if let index = turns.firstIndex(of: lease.channel) {
                    door.giveBack()
                    // Somebody else may have used it since it was looked at.
                    if let kept = try await wallet.journal.prepaid(Books.self, known[index].id),
                        kept.books.available(for: payee) >= wanted.amount, kept.misconduct[payee] == nil
                    {
                        try await wallet.journal.abandonPending(of: kept.id, to: Books.paysMany ? payee : nil)
                        return Taken(channel: kept, lease: lease, door: nil)
                    }
                    lease.giveBack()
                    continue
                }
                lease.giveBack()
                let opening = try await opening(on: terms, wanted, resource)
                try await check(intent(wanted, resource, deposit: Books.deposit(for: opening)))
                let channel = try await opened(opening, wanted)
                return Taken(
                    channel: channel, lease: try await wallet.lease(oneOf: [channel.turn(for: payee)]), door: door)
            } catch {
                door.giveBack()
                throw error
            }
        }
    }

    /// Where those wait who look for a channel with a payee, or open one.
    private static func place(_ name: String, _ terms: PrepaidOffer) -> ChannelID {
        ChannelID(
            Keccak256.hash(
                utf8: "\(name): \(terms.scheme) \(terms.domain.network) \(terms.receiver) \(terms.token.address)"))
    }

    /// No signature is asked for what the policy refuses anyway.
    private func check(_ intent: PaymentIntent) async throws {
        let totals = try await wallet.journal.totals(for: intent, at: wallet.clock())
        if case .refused(let refusal) = wallet.policy.evaluate(intent, after: totals) { throw refusal }
    }

    private func terms(of offer: Offer) -> PrepaidOffer? {
        let wanted = offer.requirements
        guard wanted.scheme == scheme, wanted.payTo != .zero, wanted.payTo != wallet.address, !wanted.amount.isZero,
            let name = wanted.extra["name"]?.stringValue, let version = wanted.extra["version"]?.stringValue
        else { return nil }
        let domain = TokenDomain(address: wanted.asset, name: name, version: version)
        guard let terms = PrepaidOffer(wanted, token: Token(domain: domain, symbol: "", decimals: 0)),
            terms.receiverAuthorizer != wallet.address, terms.domain.accounts == wallet.signer.accounts,
            trusts(terms.domain)
        else { return nil }
        return terms
    }

    /// Whether this wallet can make a deposit that an offer asks for: the chain's coin it must send itself.
    private func canDeposit(_ wanted: PaymentRequirements) -> Bool {
        guard wanted.network.evmChainID != nil, wanted.asset == Token.coinAddress else { return true }
        return wallet.views[wanted.network] is any CoinSettlement
    }

    /// Whether money that is locked in a contract is safe there from its payee.
    ///
    /// A deposit goes to the contract that the offer names: one that the payee made itself could keep it. So only those
    /// are paid into that this wallet's own view of the chain knows, and the accounts of embedded ledgers, which nobody
    /// has a key to.
    private func trusts(_ contract: ContractDomain) -> Bool {
        guard let place = wallet.views[contract.network] as? any ContractSettlement else {
            return contract.contract == ContractDomain.ledgerAddress(of: contract.kind)
        }
        let known = place.contractDomain(of: contract.kind)
        return known?.network == contract.network && known?.contract == contract.contract
    }

    /// The channels that can pay so much on these terms, the nearest to its end first, and of two the one with less left.
    ///
    /// - Throws: ``PrepaidPayerFault/suspended(_:code:)`` for a payee that cheated: it does not get another.
    private func usable(_ terms: PrepaidOffer, price: Amount) async throws -> [Kept] {
        let now = wallet.clock()
        for channel in try await wallet.journal.used(Books.self, on: terms.domain.network, by: terms.receiver) {
            if let code = channel.misconduct[terms.receiver] {
                throw PrepaidPayerFault.suspended(channel.id, code: code)
            }
        }
        let all = try await wallet.journal.usable(Books.self, on: terms.domain.network, asset: terms.token.address)
        let margin = PrepaidTimes.margin
        return all.filter { channel in
            let books = channel.books
            return channel.standing == .open && books.payer == wallet.address
                && channel.paidBy[terms.receiver].map { $0 == terms.receiverAuthorizer } ?? true
                && books.id == books.terms.channelID(in: terms.domain)
                && Books.Wire.mismatch(of: books.terms, with: terms, price: price) == nil
                && books.available(for: terms.receiver) >= price
                && books.expiry.map { $0 > now.advanced(bySeconds: margin + books.redemptionTime(paying: price)) }
                    ?? true
        }.sorted { left, right in
            let payee = terms.receiver
            return (left.books.expiry ?? now, left.books.available(for: payee), left.id)
                < (right.books.expiry ?? now, right.books.available(for: payee), right.id)
        }
    }

    /// What a channel is opened for: others too, as far as the policy lets it without asking anybody.
    private func opening(
        on terms: PrepaidOffer, _ wanted: PaymentRequirements, _ resource: RequestedResource
    ) async throws -> PayerOpening {
        let now = wallet.clock()
        let lifetime = min(
            max(PrepaidTimes.lifetime, terms.minimumLifetime), wallet.policy.longestLock,
            Books.Wire.Rules.Terms.lifetimes.upperBound)
        let asked = Books.paysMany ? try await wallet.journal.prices(like: wanted) : [:]
        let opening = PayerOpening(
            offer: terms, payer: wallet.address, price: wanted.amount,
            leastPrice: min(wanted.amount, asked[wanted.payTo] ?? .max),
            target: max(
                wallet.policy.depositTarget(for: wanted.network, asset: wanted.asset, price: wanted.amount),
                terms.minimumDeposit ?? .zero),
            others: Books.paysMany ? try await runningLow(asked, on: terms) : [],
            seats: Books.paysMany ? wallet.options.payeesPerDeposit : 1,
            expiry: now.advanced(bySeconds: Int64(clamping: lifetime)), now: now, salt: .random())
        let intent = intent(wanted, resource, deposit: Books.deposit(for: opening))
        let totals = try await wallet.journal.totals(for: intent, at: now)
        return wallet.policy.evaluate(intent, after: totals) == .allowed ? opening : opening.alone
    }

    /// Payees that were paid before, and have less than five of their requests left to spend.
    private func runningLow(_ asked: [Address: Amount], on terms: PrepaidOffer) async throws -> [PayerOpening.Payee] {
        let channels = try await wallet.journal.usable(
            Books.self, on: terms.domain.network, asset: terms.token.address)
        return asked.sorted { $0.key < $1.key }.compactMap { payee, price in
            guard payee != terms.receiver, channels.allSatisfy({ $0.misconduct[payee] == nil }) else { return nil }
            let left = channels.filter { $0.standing == .open }.map { $0.books.available(for: payee) }
                .reduce(Amount.zero) { $0.adding($1) ?? .max }
            let enough = price.multiplied(by: 5) ?? .max
            return left < enough ? PayerOpening.Payee(payee, price: price) : nil
        }
    }

    /// A channel that is about to be opened, with the deposit for it.
    private func opened(_ opening: PayerOpening, _ wanted: PaymentRequirements) async throws -> Kept {
        try await wallet.checkFunds(
            for: Books.deposit(for: opening), in: wanted.asset, on: wanted.network)
        let books = try await Books.opened(opening, by: wallet.signer)
        if opening.offer.isInCoin {
            var kept = Kept(books: books, network: wanted.network)
            kept.awaitsCoin = true
            return kept
        }
        let until = wallet.clock().advanced(bySeconds: Self.timeout(wanted))
        let terms = opening.offer
        let validBefore = UInt64(clamping: until.unixSeconds)
        let leave = UnsignedFunding(
            payer: wallet.address, amount: books.deposit,
            validAfter: try await wallet.depositNumber(on: wanted.network, until: validBefore) ?? 0,
            validBefore: validBefore, salt: .random())
        let digest = terms.domain.depositDigest(leave, on: books.terms, token: terms.token.domain)
        let funding = leave.signed(try await wallet.signer.sign(digest))
        return Kept(books: books, network: wanted.network, funding: funding)
    }

    /// Gives back the number of a deposit that did not leave the house.
    private func giveBackNumber(of funding: Funding?, on network: Network) async {
        await wallet.giveBack(depositNumber: funding?.authorization.validAfter, on: network)
    }

    /// Sends the deposit that nobody else can hand in, once it is written down, and waits until the payee counts it.
    ///
    /// One that was sent before a crash is found in the contract.
    private func makeDeposit(_ channel: inout Kept, on terms: PrepaidOffer) async throws {
        guard channel.awaitsCoin else { return }
        guard let chain = wallet.views[channel.network] as? any CoinSettlement else {
            throw WalletError.noSettlement(channel.network)
        }
        // Where one channel pays many, payments to others of them may be waiting for the same deposit.
        let alone = try await wallet.lease(oneOf: [ChannelID(Keccak256.hash(utf8: "deposit: \(channel.id)"))])
        defer { alone.giveBack() }
        if try await wallet.journal.prepaid(Books.self, channel.id)?.awaitsCoin == false {
            channel.awaitsCoin = false
            return
        }
        _ = try await chain.fundInCoin(
            Books.Wire.Rules.self, channel.books.terms, channel.books.deposit, .opening,
            confirmations: terms.confirmations)
        channel.awaitsCoin = false
        try await wallet.journal.keep(channel)
    }

    /// Whether a deposit of the chain's coin that failed cannot come any more: nothing was sent.
    private static func isFinal(_ error: any Error) -> Bool {
        switch error as? ContractError {
        case .settlement(.unavailable), .settlement(.cancelled), nil: false
        case .settlement, .refused, .unknownChannel, .unavailable: true
        }
    }

    /// For how long a payee may hand in a deposit.
    ///
    /// - Unit: seconds.
    private static func timeout(_ wanted: PaymentRequirements) -> Int64 { min(max(wanted.maxTimeoutSeconds, 30), 3600) }

    private func intent(
        _ offer: PaymentRequirements, _ resource: RequestedResource, locked: Amount? = nil, deposit: Amount = .zero
    ) -> PaymentIntent {
        PaymentIntent(
            resource, scheme: offer.scheme, network: offer.network, asset: offer.asset, receiver: offer.payTo,
            price: offer.amount, deposit: deposit, locked: locked ?? deposit)
    }
}

/// For how long channels are opened, and how long before their end they are not used any more.
///
/// - Unit: seconds.
enum PrepaidTimes {
    static let lifetime: UInt64 = 7 * 86_400
    static let margin: Int64 = 600
}
