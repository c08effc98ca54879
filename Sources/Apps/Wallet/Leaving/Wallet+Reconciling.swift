// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingHTTP402Client
public import FarthingPrimitives
public import FarthingVoucherScheme
import FarthingX402
import Logging
import NIOHTTP1

extension Wallet {
    /// What was found out about one channel.
    public struct Reconciliation: Hashable, Sendable {
        public let before: VoucherPayer
        public let after: VoucherPayer
        /// Whether the settlement was read.
        public let settlementWasRead: Bool
        /// Whether the payee was asked, and its books followed.
        public let payeeWasAsked: Bool
        /// What could not be found out, in words.
        public let remarks: [String]
    }

    /// Finds out what became of payments whose outcome is unknown: from the settlement, and from the payee's books as
    /// far as our own signatures prove them.
    ///
    /// The payee is shown a voucher for what it has already, so that it says how it counts; that costs nothing.
    public func reconcile(_ id: ChannelID, through client: PayingClient?) async throws -> Reconciliation {
        let lease = try await lease(oneOf: [id])
        defer { lease.giveBack() }
        guard let known = try await journal.channel(id) else { throw WalletError.unknownChannel(id) }
        var channel = try await prepared(known)
        var remarks: [String] = []
        var wasRead = false
        if let view = views[channel.network] {
            do {
                if let snapshot = try await view.snapshot(of: id) {
                    channel = try await taking(snapshot, into: channel)
                } else if !channel.books.balance.isZero {
                    remarks.append(WalletError.notThere(id, channel.network).message)
                }
                wasRead = true
            } catch let error as SettlementError { remarks.append(error.message) }
        }
        var wasAsked = false
        if let client {
            do {
                channel = try await askingPayee(of: channel, through: client)
                wasAsked = true
            } catch let error as any ExplainedError { remarks.append(error.message) }
        }
        return Reconciliation(
            before: known.books, after: channel.books, settlementWasRead: wasRead, payeeWasAsked: wasAsked,
            remarks: remarks)
    }

    private func askingPayee(of channel: KeptChannel, through client: PayingClient) async throws -> KeptChannel {
        let request = try request(for: channel, at: nil)
        // Anything else might do something, if the payee were to take the question for a payment.
        guard request.method == .GET || request.method == .HEAD else { throw WalletError.noPayee(channel.id) }
        let offer = try await client.knownOffer(for: request, where: { channel.isPaid(by: $0) })
        var asking = channel
        let nothing = DepositLeave(amount: .zero, salt: .zero, validBefore: 0)
        let effects = try asking.books.apply(.requestStarted(price: .zero, deposit: nothing, at: clock()))
        let answer = try await client.order(
            try await orderPayload(effects, of: asking) { .voucher($0, $1) }, under: offer, with: request)
        guard case .refused(let demand) = answer,
            let books = PayeeBooks(in: demand, for: channel.id, like: offer.offer.requirements)
        else { throw WalletError.noPayee(channel.id) }
        let (found, findings) = try await adopting(books, in: asking)
        try await journal.found(found, finding: findings)
        return found
    }

    /// Finds channels that the journal does not know, with nothing but the key and the settlement.
    ///
    /// - Parameters:
    ///   - block: Where to begin to search.
    ///   - progress: Told how far the search is, and the height of the newest block.
    /// - Returns: Those that were found.
    /// - Throws: ``WalletError/noSettlement(_:)``, `SettlementError`.
    public func rebuild(
        on network: Network, since block: UInt64 = 0,
        progress: @Sendable (_ height: UInt64, _ head: UInt64) -> Void = { _, _ in }
    ) async throws -> [KeptChannel] {
        guard let view = views[network] else { throw WalletError.noSettlement(network) }
        var found: [KeptChannel] = []
        for terms in try await view.channels(openedBy: address, since: block, progress: progress) {
            let id = view.domain.channelID(of: terms)
            guard terms.voucherSigner == voucherSigner.address else {
                logger.warning(
                    "A channel's vouchers are signed by another key", metadata: ["channel": "\(id)"])
                continue
            }
            guard try await journal.channel(id) == nil, let snapshot = try await view.snapshot(of: id) else { continue }
            let channel = KeptChannel(
                books: VoucherPayer(id: id, terms: terms, ledger: snapshot), network: network, usedAt: nil)
            try await journal.keep(channel)
            found.append(channel)
        }
        return found
    }
}
