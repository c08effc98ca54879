// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingHTTP402Client
import FarthingPrimitives
import FarthingX402
import NIOHTTP1

extension Wallet {
    /// What was found out about one channel that was paid ahead.
    public struct PrepaidReconciliation: Hashable, Sendable {
        public let before: ChannelOverview
        public let after: ChannelOverview
        /// Whether the contract was read.
        public let settlementWasRead: Bool
        /// How many payees were asked, and said how the channel stands.
        public let payeesWhoTold: Int
        /// What could not be found out, in words.
        public let remarks: [String]
    }

    /// Finds out what became of payments out of a channel that was paid ahead: from its contract, and from each payee
    /// that was paid out of it.
    ///
    /// A payee is shown what it was sent before, and is believed up to what it was given. That costs nothing.
    ///
    /// - Parameter client: Asks the payees; `nil` asks nobody.
    /// - Throws: ``WalletError/unknownChannel(_:)``, ``JournalError``.
    public func reconcilePrepaid(
        _ id: ChannelID, through client: PayingClient?
    ) async throws -> PrepaidReconciliation {
        guard let scheme = try await journal.prepaidScheme(of: id), let books = PrepaidSchemes.books(of: scheme) else {
            throw WalletError.unknownChannel(id)
        }
        return try await reconcile(books, id, through: client)
    }

    private func reconcile<Books: PayerBooks>(
        _ books: Books.Type, _ id: ChannelID, through client: PayingClient?
    ) async throws -> PrepaidReconciliation {
        let leases = try await turns(books, id)
        defer { for lease in leases { lease.giveBack() } }
        // What a crash left on its way is in doubt now.
        try await journal.abandonPending(of: id, to: nil)
        guard var channel = try await journal.prepaid(books, id) else { throw WalletError.unknownChannel(id) }
        let before = channel.overview
        var (wasRead, told, remarks) = (false, 0, [String]())
        do { wasRead = try await observe(&channel) } catch let error as any ExplainedError {
            remarks.append(error.message)
        }
        if let client, channel.standing == .open {
            for payee in channel.books.payees {
                // Who refused the channel for another knows nothing of it.
                if channel.paidBy[payee] == .zero, !channel.isKnown(to: payee) { continue }
                do {
                    guard let asked = try await ask(payee, of: channel, through: client) else { continue }
                    channel = asked
                    told += 1
                } catch let error as any ExplainedError {
                    remarks.append([error.message, error.remedy].compactMap(\.self).joined(separator: " "))
                    channel = try await journal.prepaid(books, id) ?? channel
                }
            }
        }
        return PrepaidReconciliation(
            before: before, after: channel.overview, settlementWasRead: wasRead, payeesWhoTold: told, remarks: remarks)
    }

    /// Reads the contract, where that can be done.
    private func observe<Books: PayerBooks>(_ channel: inout KeptPrepaid<Books>) async throws -> Bool {
        guard let settlement = views[channel.network] as? any ContractSettlement else { return false }
        if let snapshot = try await settlement.contract(Books.Wire.Rules.self, of: channel.id) {
            channel.funding = nil
            channel.awaitsCoin = false
            try channel.books.observe(snapshot)
            channel.standing = snapshot.state.isOver ? .closed : .open
        } else if channel.isFunded {
            throw WalletError.notThere(channel.id, channel.network)
        } else if try await isLapsed(channel) {
            channel.standing = .lapsed
        } else if channel.awaitsCoin, try await !mayStillComeIn(channel) {
            channel.standing = .lapsed
        }
        try await journal.keep(channel)
        return true
    }

    /// Whether a deposit of the chain's coin may be on its way, in a transaction of this wallet's.
    func mayStillComeIn(_ channel: KeptPrepaid<some PayerBooks>) async throws -> Bool {
        guard let chain = views[channel.network] as? any CoinSettlement else { return false }
        return try await chain.hasTransactionsUnderWay(of: address)
    }

    /// Asks one payee how the channel stands.
    ///
    /// - Returns: The books after it; `nil` for a payee that was never paid.
    private func ask<Books: PayerBooks>(
        _ payee: Address, of channel: KeptPrepaid<Books>, through client: PayingClient
    ) async throws -> KeptPrepaid<Books>? {
        let (id, terms, network) = (channel.id, channel.books.terms, channel.network)
        var place = try await journal.place(of: payee, paidBy: id)
        // The payee's key stands in the terms of some schemes, and not where its money goes.
        if place == nil, !Books.paysMany { place = channel.usedAt }
        guard let place else { return nil }
        // Anything else might do something, if the payee were to take the question for a payment.
        guard place.method == "GET" || place.method == "HEAD" else { throw WalletError.noPayee(id) }
        var request = PayingRequest(url: place.url)
        request.method = HTTPMethod(rawValue: place.method)
        let offer = try await client.knownOffer(for: request) { offered in
            guard offered.scheme == Books.kind.rawValue, offered.network == network,
                !Books.paysMany || offered.payTo == payee, let domain = ContractDomain(Books.kind, offered)
            else { return false }
            return terms.channelID(in: domain) == id
        }
        let wanted = offer.offer.requirements
        guard let domain = ContractDomain(Books.kind, wanted),
            let payment = try await channel.books.asking(wanted.payTo, in: domain, by: signer)
        else { return nil }
        let answer = try await client.order(
            PrepaidPayload<Books.Wire>.state(id, payment).json, under: offer, with: request)
        guard case .refused(let demand) = answer else { throw WalletError.untold(id, code: "another answer") }
        if demand.error == "invalid_prepaid_channel_not_found" { return try await missing(channel) }
        guard demand.error == PrepaidFault.stateCode,
            let word = PayeeWord(in: demand, of: id, like: wanted, in: domain)
        else { throw WalletError.untold(id, code: demand.error ?? "no reason given") }
        return try await taking(word, into: channel)
    }

    /// The payee never got the deposit.
    private func missing<Books: PayerBooks>(_ channel: KeptPrepaid<Books>) async throws -> KeptPrepaid<Books> {
        guard try await isLapsed(channel) else {
            throw WalletError.untold(channel.id, code: "it does not know the channel")
        }
        var lapsed = channel
        lapsed.standing = .lapsed
        lapsed.changed = channel.books.payees.first
        try await journal.found(lapsed, finding: Findings(payments: .noneTaken(isFinal: true)))
        return lapsed
    }

    private func taking<Books: PayerBooks>(
        _ word: PayeeWord, into channel: KeptPrepaid<Books>
    ) async throws -> KeptPrepaid<Books> {
        var next = channel
        next.changed = word.payee
        do { try next.take(word) { try $0.told(word) } } catch {
            var suspended = channel
            suspended.changed = word.payee
            suspended.misconduct[word.payee] = (error as? any ExplainedError)?.code ?? "payment.state-unreadable"
            try await journal.keep(suspended)
            throw error
        }
        var findings = next.findings(since: channel, of: word.payee)
        guard word.underWay?.isZero == true else {
            // What is being answered may still be charged.
            if case .noneTaken? = findings.payments { findings.payments = nil }
            try await journal.found(next, finding: findings)
            throw WalletError.beingAnswered(channel.id, word.underWay ?? .zero)
        }
        for payee in Books.paysMany ? [word.payee] : next.books.payees {
            next.settled[payee] = next.books.purse(of: payee)?.doubtful
        }
        try await journal.found(next, finding: findings)
        return next
    }
}
