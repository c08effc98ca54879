// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingHTTP402Client
public import FarthingPrimitives
import FarthingX402
import NIOHTTP1

extension Wallet {
    /// Asks a payee to close a channel that was paid ahead, and gets back at once what was not used.
    ///
    /// Without the payee ``withdraw(_:amount:givingUp:)`` does it.
    ///
    /// - Parameter url: Where to ask; `nil` is where the channel was used last.
    /// - Returns: What came back.
    /// - Throws: ``WalletError``; after ``WalletError/refundUnknown(reason:)`` nobody knows.
    @discardableResult
    public func close(_ id: ChannelID, at url: String? = nil, through client: PayingClient) async throws -> Amount {
        guard let scheme = try await journal.prepaidScheme(of: id), let books = PrepaidSchemes.books(of: scheme) else {
            throw WalletError.unknownChannel(id)
        }
        return try await close(books, id, at: url, through: client)
    }

    private func close<Books: PayerBooks>(
        _ books: Books.Type, _ id: ChannelID, at url: String?, through client: PayingClient
    ) async throws -> Amount {
        let lease = try await lease(oneOf: [id])
        defer { lease.giveBack() }
        guard let known = try await journal.prepaid(books, id) else { throw WalletError.unknownChannel(id) }
        var channel = known
        guard let use = channel.usedAt ?? url.map({ KeptChannel.Use(method: "GET", url: $0) }) else {
            throw WalletError.noPayee(id)
        }
        var request = PayingRequest(url: url ?? use.url)
        request.method = HTTPMethod(rawValue: use.method)
        let (payer, terms, network) = (address, channel.books.terms, channel.network)
        let offer = try await client.knownOffer(for: request) { offered in
            guard offered.scheme == Books.kind.rawValue, offered.network == network, offered.payTo != payer,
                let domain = ContractDomain(Books.kind, offered)
            else { return false }
            return terms.channelID(in: domain) == id
        }
        guard let domain = ContractDomain(Books.kind, offer.offer.requirements),
            let payment = try await channel.books.closing(credit: channel.credit, in: domain, by: signer)
        else { throw WalletError.notClosable(id, until: channel.books.expiry) }
        // What was signed to end it keeps from signing anything else.
        let entry = try await journal.begin(
            draft(.refund, channel, channel.books.refundable, at: request), channel: channel, under: policy,
            isApproved: true, at: clock())
        func finish(_ state: JournalEntry.State, code: String, _ books: KeptPrepaid<Books>) async throws {
            try await journal.finish(entry, JournalOutcome(state, code: code), channel: books)
        }
        let answer: PayingClient.OrderAnswer
        do {
            answer = try await client.order(
                PrepaidPayload<Books.Wire>.close(id, payment).json, under: offer, with: request)
        } catch let error as PayingError where error.code == "payment.unreachable" {
            try await finish(.notTaken, code: "wallet.refund-not-sent", known)
            throw error
        } catch {
            try await finish(.unknown, code: "wallet.refund-unknown", channel)
            throw WalletError.refundUnknown(reason: (error as? any ExplainedError)?.message ?? "\(type(of: error))")
        }
        switch answer {
        case .settled(let response) where response.success:
            guard let returned = response.amount else {
                try await finish(.unknown, code: "wallet.refund-unreadable", channel)
                throw WalletError.refundUnreadable
            }
            do { channel.standing = try await isSeenClosed(channel) ? .closed : .saidClosed } catch {
                try await finish(.unknown, code: "wallet.refund-unknown", channel)
                throw error
            }
            try await journal.finish(
                entry, JournalOutcome(.paid, charged: returned, transaction: response.transaction), channel: channel,
                // The payee's word alone ends no withdrawal.
                finding: Findings(withdrawalLeft: channel.standing == .closed ? .zero : nil))
            return returned
        case .settled(let response):
            try await finish(.refused, code: response.errorReason ?? "unknown", channel)
            throw WalletError.refundRefused(code: response.errorReason ?? "unknown", message: response.errorMessage)
        case .refused(let demand):
            let code = demand.error ?? "refused"
            try await finish(.refused, code: code, channel)
            // The payee alone knows whether it owes something of a channel that is used up.
            guard channel.isClosable || !code.hasSuffix("close_unproven") else { throw WalletError.usedUp(id) }
            throw WalletError.refundRefused(code: code, message: nil)
        case .silent(let status):
            try await finish(.refused, code: "status \(status)", channel)
            throw WalletError.refundRefused(code: "status \(status)", message: nil)
        }
    }

    /// Looks whether the money is out of the contract, where that can be seen.
    ///
    /// - Returns: `false` where nobody can look: it is the payee's word alone then.
    private func isSeenClosed<Books: PayerBooks>(_ channel: KeptPrepaid<Books>) async throws -> Bool {
        guard let settlement = views[channel.network] as? any ContractSettlement else { return false }
        guard let snapshot = try await settlement.contract(Books.Wire.Rules.self, of: channel.id),
            !snapshot.state.isOver
        else { return true }
        throw WalletError.refundUnknown(reason: "the payee says that the channel is closed, and the contract does not")
    }

    // MARK: - Without the payee

    /// Does the next step to have the rest of a channel back without the payee, and finds out from the contract which
    /// that is.
    ///
    /// A channel that expires gives it back from then on; a two-way channel is ended with the newest state that both
    /// signed, which can be challenged for a while.
    func leave<Books: PayerBooks>(
        _ books: Books.Type, _ id: ChannelID, givingUp: Bool
    ) async throws -> WithdrawalStep {
        let leases = try await turns(books, id)
        defer { for lease in leases { lease.giveBack() } }
        guard var channel = try await journal.prepaid(books, id) else { throw WalletError.unknownChannel(id) }
        guard let settlement = views[channel.network] as? any ContractSettlement,
            let domain = settlement.contractDomain(of: Books.kind)
        else { throw WalletError.noSettlement(channel.network) }
        guard var snapshot = try await settlement.contract(Books.Wire.Rules.self, of: id) else {
            // Nothing was ever deposited, and nothing will be once the deposit is out of date.
            if let funding = channel.funding, try await !isLapsed(channel) {
                // Where no time ends it, it may be later than its own.
                let until = Instant(unixSeconds: Int64(clamping: funding.authorization.validBefore))
                return .waiting(.zero, due: max(until, clock()))
            }
            if try await mayStillComeIn(channel) { return .waiting(.zero, due: clock().advanced(bySeconds: 60)) }
            // What was seen in its contract once is in one, so that this is another.
            let maySettle = givingUp && channel.funding != nil
            guard !channel.isFunded || maySettle else { throw WalletError.notThere(id, channel.network) }
            channel.standing = .lapsed
            try await journal.keep(channel)
            return .paid(.zero)
        }
        channel.funding = nil
        channel.awaitsCoin = false
        // Also one that was given up for lost: its deposit came all the same.
        if !snapshot.state.isOver { channel.standing = .open }
        var returned: Amount?
        // Starting an end, challenging and finishing it are one order each; no channel needs more.
        for _ in 0..<3 {
            let locked = snapshot.state.locked
            let next = try await channel.books.leaving(snapshot, in: domain, by: signer)
            switch next {
            case .over:
                channel.standing = .closed
                let amount = returned ?? .zero
                try await left(channel, amount: returned)
                return .paid(amount)
            case .wait(let until):
                try await journal.keep(channel)
                return returned == nil ? .waiting(locked, due: until) : .started(locked, due: until)
            case .order(let order):
                try await leaving(channel, locked)
                let receipt = try await settlement.carryOut(order, on: id, under: Books.Wire.Rules.self)
                snapshot = receipt.snapshot
                returned = receipt.payouts.filter { $0.receiver == address }
                    .reduce(returned ?? .zero) { $0.adding($1.amount) ?? .max }
            }
        }
        try await journal.keep(channel)
        return .waiting(snapshot.state.locked, due: clock())
    }

    /// Writes down that the rest is about to be taken, before anything is handed in.
    private func leaving<Books: PayerBooks>(_ channel: KeptPrepaid<Books>, _ amount: Amount) async throws {
        guard try await journal.pendingWithdrawal(of: channel.id) == nil else { return try await journal.keep(channel) }
        _ = try await journal.begin(
            draft(.withdrawal, channel, amount), channel: channel, under: policy, isApproved: true, at: clock())
    }

    /// Writes down what came back.
    private func left<Books: PayerBooks>(_ channel: KeptPrepaid<Books>, amount: Amount?) async throws {
        guard let entry = try await journal.pendingWithdrawal(of: channel.id) else {
            return try await journal.keep(channel)
        }
        // What a crash kept us from hearing is what was left, as far as is known.
        let amount = amount ?? channel.books.refundable
        try await journal.finish(entry, JournalOutcome(.paid, charged: amount), channel: channel)
    }

    /// - Parameter request: How a payee is asked for it; `nil` where none is.
    private func draft<Books: PayerBooks>(
        _ kind: JournalEntry.Kind, _ channel: KeptPrepaid<Books>, _ amount: Amount, at request: PayingRequest? = nil
    ) -> JournalDraft {
        let resource = request.flatMap { try? RequestedResource(method: $0.method.rawValue, url: $0.url) }
        return JournalDraft(
            kind: kind,
            intent: PaymentIntent(
                host: resource?.host ?? "", isEncrypted: resource?.isEncrypted ?? true,
                method: resource?.method ?? "", url: resource?.url ?? "", scheme: Books.kind.rawValue,
                network: channel.network,
                asset: channel.books.terms.token, receiver: channel.books.payees.first ?? .zero, price: amount),
            channel: channel.id)
    }

    /// A channel for itself: nobody is on the way to any of its payees while these are held.
    func turns<Books: PayerBooks>(_ books: Books.Type, _ id: ChannelID) async throws -> [ChannelLease] {
        guard let known = try await journal.prepaid(books, id) else { throw WalletError.unknownChannel(id) }
        var leases: [ChannelLease] = []
        for turn in Set([id] + known.books.payees.map(known.turn)).sorted() {
            leases.append(try await lease(oneOf: [turn]))
        }
        return leases
    }

    /// Whether a channel's deposit was never taken, and cannot be any more, as the contract has it.
    ///
    /// Without a view of the contract nobody knows.
    ///
    /// Whether it still can is read first: what is not there after that never will be.
    func isLapsed<Books: PayerBooks>(_ channel: KeptPrepaid<Books>) async throws -> Bool {
        guard let funding = channel.funding, let settlement = views[channel.network] as? any ContractSettlement,
            try await isPast(funding, at: settlement)
        else { return false }
        return try await settlement.contract(Books.Wire.Rules.self, of: channel.id) == nil
    }

    /// Pays the payees of a channel again that did what no honest one does, because a person decided so.
    func resume<Books: PayerBooks>(_ books: Books.Type, _ id: ChannelID) async throws -> ChannelOverview {
        let leases = try await turns(books, id)
        defer { for lease in leases { lease.giveBack() } }
        guard var channel = try await journal.prepaid(books, id) else { throw WalletError.unknownChannel(id) }
        // What they said can be true where these are old books that were put back.
        channel.behind.formUnion(channel.misconduct.keys)
        channel.misconduct = [:]
        try await journal.keep(channel)
        return channel.overview
    }
}

extension KeptPrepaid {
    /// Whether the deposit is known to be in the contract: it was seen there, or a payee charged for what it served.
    ///
    /// A settlement that does not have it is another one then, such as the wrong file.
    var isFunded: Bool { standing == .open && (funding == nil && !awaitsCoin || !books.charged.isZero) }
}

extension ContractDomain {
    /// Where an offer says that the contract is.
    init?(_ kind: ContractKind, _ offer: PaymentRequirements) {
        let members = JSONMembers(offer.extra)
        guard let contract = try? members.text("contract") else { return nil }
        let token = TokenDomain(
            address: offer.asset, name: (try? members.text("name")) ?? "", version: (try? members.text("version")) ?? ""
        )
        self.init(kind, on: offer.network, at: contract, paidIn: token)
    }
}
