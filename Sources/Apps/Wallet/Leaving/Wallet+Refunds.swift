// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingHTTP402Client
public import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import NIOHTTP1

extension Wallet {
    /// Asks a payee to give unspent money back, at once.
    ///
    /// - Parameters:
    ///   - amount: `nil` for all that is left.
    ///   - url: Where to ask; `nil` is where the channel was used last.
    /// - Returns: What came back. It may be more than was left: what was charged and not delivered comes back too.
    /// - Throws: ``WalletError``, `VoucherPayer.Refusal`; after ``WalletError/refundUnknown(reason:)`` nobody knows.
    @discardableResult
    public func refund(
        _ id: ChannelID, amount: Amount? = nil, at url: String? = nil, through client: PayingClient
    ) async throws -> Amount {
        let lease = try await lease(oneOf: [id])
        defer { lease.giveBack() }
        guard let known = try await journal.channel(id) else { throw WalletError.unknownChannel(id) }
        let channel = try await observed(try await prepared(known))
        let request = try request(for: channel, at: url)
        let offer = try await client.knownOffer(for: request, where: { channel.isPaid(by: $0) })
        do {
            return try await refund(amount, of: channel, under: offer, with: request, through: client)
        } catch is BooksWereMended {
            guard let mended = try await journal.channel(id) else { throw WalletError.unknownChannel(id) }
            return try await refund(amount, of: mended, under: offer, with: request, through: client)
        }
    }

    private struct BooksWereMended: Error {}

    private func refund(
        _ amount: Amount?, of before: KeptChannel, under offer: KnownOffer, with request: PayingRequest,
        through client: PayingClient
    ) async throws -> Amount {
        var channel = before
        let effects = try channel.books.apply(.refundStarted(amount))
        let entry = try await journal.begin(
            draft(.refund, channel, amount ?? channel.books.refundable, request), channel: channel, under: policy,
            isApproved: true, at: clock())
        let answer: PayingClient.OrderAnswer
        do {
            let payload = try await orderPayload(effects, of: channel) {
                .refund($0, $1, amount: amount.map { "\($0)" })
            }
            journal.probe?.reach(.signed, .refund)
            answer = try await client.order(payload, under: offer, with: request)
        } catch let error as PayingError where error.code == "payment.unreachable" {
            try await journal.finish(entry, JournalOutcome(.notTaken, code: "wallet.refund-not-sent"), channel: before)
            throw error
        } catch {
            _ = try channel.books.apply(.outcomeUnknown)
            try await journal.finish(
                entry, JournalOutcome(.unknown, code: "wallet.refund-unknown"), channel: channel,
                isInDoubt: true)
            throw WalletError.refundUnknown(reason: (error as? any ExplainedError)?.message ?? "\(type(of: error))")
        }
        switch answer {
        case .settled(let response) where response.success:
            guard let given = response.amount else {
                _ = try channel.books.apply(.outcomeUnknown)
                try await journal.finish(
                    entry, JournalOutcome(.unknown, code: "wallet.refund-unreadable"), channel: channel,
                    isInDoubt: true)
                throw WalletError.refundUnreadable
            }
            let asked = channel.books
            _ = try channel.books.apply(.refunded(given))
            let left = Findings.withdrawalLeft(from: asked, to: channel.books)
            try await journal.finish(
                entry, JournalOutcome(.paid, charged: given, transaction: response.transaction), channel: channel,
                finding: Findings(withdrawalLeft: left))
            return given
        case .settled(let response):
            throw try await refused(
                entry, channel, code: response.errorReason ?? "unknown", message: response.errorMessage)
        case .silent(let status):
            throw try await refused(entry, channel, code: "status \(status)", message: nil)
        case .refused(let demand):
            try await follow(demand, of: channel, entry: entry, under: offer)
            throw BooksWereMended()
        }
    }

    private func refused(
        _ entry: Int64, _ channel: KeptChannel, code: String, message: String?
    ) async throws -> WalletError {
        var channel = channel
        // The payee may have given the money back on another copy of the order: that shows in the balance.
        _ = try channel.books.apply(.outcomeUnknown)
        try await journal.finish(entry, JournalOutcome(.refused, code: code), channel: channel, isInDoubt: true)
        return WalletError.refundRefused(code: code, message: message)
    }

    /// Follows the payee's books once, when they can be true and differ from ours.
    private func follow(
        _ demand: ReceivedDemand, of channel: KeptChannel, entry: Int64, under offer: KnownOffer
    ) async throws {
        guard let books = PayeeBooks(in: demand, for: channel.id, like: offer.offer.requirements),
            books.charged != channel.books.charged
        else { throw try await refused(entry, channel, code: demand.error ?? "refused", message: nil) }
        do {
            let (mended, findings) = try await adopting(books, in: channel)
            try await journal.finish(
                entry, JournalOutcome(.refused, code: demand.error), channel: mended, finding: findings)
        } catch let refusal as VoucherPayer.Refusal {
            _ = try await refused(entry, channel, code: refusal.code, message: nil)
            throw refusal
        }
    }

    /// The channel with its payee's books, as far as they are proved.
    func adopting(_ books: PayeeBooks, in channel: KeptChannel) async throws -> (KeptChannel, Findings) {
        let domain = try domainOrFault(channel.network)
        let proof = try? books.voucher?.verified(by: nil, under: channel.books.terms, in: domain)
        let snapshot = try? await views[channel.network]?.snapshot(of: channel.id)
        var next = channel
        _ = try next.books.apply(
            .corrected(charged: books.charged, balance: books.balance, proof: proof, ledger: snapshot))
        return (
            next, Findings(from: channel.books, to: next.books, proof: proof?.ceiling, payeeTold: true)
        )
    }

    // MARK: - What is sent

    func domainOrFault(_ network: Network) throws -> SettlementDomain {
        guard let domain = domain(of: network) else { throw WalletError.noSettlement(network) }
        return domain
    }

    func request(for channel: KeptChannel, at url: String?) throws -> PayingRequest {
        if let url { return PayingRequest(url: url) }
        guard let use = channel.usedAt else { throw WalletError.noPayee(channel.id) }
        return PayingRequest(method: HTTPMethod(rawValue: use.method), url: use.url)
    }

    /// The payload of a voucher that the books asked for.
    func orderPayload(
        _ effects: [VoucherPayer.Effect], of channel: KeptChannel,
        _ payload: (ChannelTerms, UnverifiedVoucher) -> VoucherPayload
    ) async throws -> JSON {
        let terms = channel.books.terms
        let hand = VoucherHand(
            wallet: self, domain: try domainOrFault(channel.network),
            token: TokenDomain(address: terms.token, name: "", version: ""), terms: terms)
        return payload(terms, try await hand.payload(of: effects, in: channel.id).voucher).json
    }

    func draft(
        _ kind: JournalEntry.Kind, _ channel: KeptChannel, _ amount: Amount, _ request: PayingRequest?
    ) throws -> JournalDraft {
        let terms = channel.books.terms
        let resource = try request.map { try RequestedResource(method: $0.method.rawValue, url: $0.url) }
        let intent = PaymentIntent(
            host: resource?.host ?? "", isEncrypted: resource?.isEncrypted ?? true, method: resource?.method ?? "",
            url: resource?.url ?? "", scheme: VoucherOffer.scheme, network: channel.network, asset: terms.token,
            receiver: terms.receiver, price: amount)
        return JournalDraft(kind: kind, intent: intent, channel: channel.id)
    }
}

extension KeptChannel {
    /// Whether an offer is one that this channel pays.
    func isPaid(by offer: PaymentRequirements) -> Bool {
        guard let terms = VoucherTerms(offer), network == terms.network else { return false }
        return terms.fits(books.terms, payer: books.terms.payer, voucherSigner: books.terms.payerAuthorizer)
    }
}
