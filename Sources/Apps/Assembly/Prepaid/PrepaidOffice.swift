// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEVMSettlement
public import FarthingHTTP402
import FarthingNode
public import FarthingPrimitives
import FarthingX402
import Logging

/// One scheme's books and desk at a node, whatever the scheme.
public struct PrepaidOffice: Sendable {
    public let scheme: PaymentScheme
    public let desk: any PaymentDesk
    /// Whether caps on what is unclaimed hold for it.
    let keepsToCaps: Bool
    /// Brings channels into memory, takes up what a crash left undone, and takes in what happened meanwhile.
    let open: @Sendable () async throws -> Void
    /// Does what channels asked for when they heard news, and what had to wait.
    let answer: @Sendable (_ onlyDue: Bool) async throws -> Void
    /// Takes in what happened since last time.
    let watch: @Sendable () async throws -> Void
    /// The channels in which something was earned and not captured.
    let unclaimed: @Sendable () -> [UnclaimedChannel]
    /// What all channels together came to.
    public let sums: @Sendable () async throws -> Sums
    /// Captures what is due.
    let redeemDue: @Sendable (ClaimSchedule, ClaimFees?, _ soon: Duration) async -> Report
    /// Captures what payers could take back soon.
    let redeemExpiring: @Sendable (_ soon: Duration) async -> Report
    /// Captures all, and ends channels for it where it is told to.
    let redeemAll: @Sendable (_ ending: Bool) async -> Report

    /// All channels of a scheme, added up.
    public struct Sums: Hashable, Sendable {
        public var channels = 0
        public var authorised = Amount.zero
        public var charged = Amount.zero
        public var captured = Amount.zero
    }

    /// What came of redeeming.
    public struct Report: Hashable, Sendable {
        /// How many channels paid.
        public var channels = 0
        public var captured = Amount.zero
        /// Why others did not.
        public var failures: [String] = []
        /// How many of these say nothing of their channel, but that the settlement or the store was not reached.
        public var outages = 0
    }

    /// - Parameter leastTicket: What it costs to redeem a lottery ticket, so that none may win less; `nil` where nobody
    ///   knows.
    /// - Returns: `nil` for vouchers, and where the settlement has no contract for the scheme.
    init?(
        _ scheme: PaymentScheme, for configuration: NodeConfiguration, books: Books, leastTicket: Amount?,
        logger: Logger
    ) {
        guard let settlement = books.settlement as? any ContractSettlement else { return nil }
        guard let channels = scheme.prepaid else { return nil }
        self.init(channels, scheme, configuration, books, settlement, leastTicket, logger)
    }

    private init?<Scheme: PrepaidOrders>(
        _: Scheme.Type, _ scheme: PaymentScheme, _ configuration: NodeConfiguration, _ books: Books,
        _ settlement: any ContractSettlement, _ leastTicket: Amount?, _ logger: Logger
    ) {
        guard
            let channels = PrepaidBooks<Scheme>(
                store: books.store, settlement: settlement, payee: configuration.payTo, authorizer: books.signer,
                caps: configuration.unclaimedCaps, logger: logger, clock: books.clock)
        else { return nil }
        self.scheme = scheme
        keepsToCaps = Scheme.keepsToCaps
        desk = PrepaidDesk(
            books: channels,
            offer: PrepaidOffer(
                receiver: configuration.payTo, receiverAuthorizer: books.authorizer, token: configuration.token,
                domain: channels.domain, confirmations: configuration.chain?.sending.confirmations ?? 1,
                minimumFaceValue: scheme == .lottery ? leastTicket : nil),
            timeoutSeconds: configuration.policy.timeoutSeconds,
            paymentsUnderWay: configuration.policy.paymentsUnderWay,
            deposits: configuration.isSimulated && !configuration.policy.enforcesMinimumDeposit
                ? nil
                : DepositRules(
                    minimum: configuration.policy.minimumDeposit,
                    perHour: configuration.policy.prepaidDepositsPerHour))
        let watcher = SettlementWatcher(
            settlement: books.settlement, store: books.store, scheme: scheme.rawValue, changed: channels.changed)
        // Nobody's transaction may keep a node from starting; the embedded ledger has none that take time.
        let finishes = books.ledger != nil
        open = {
            try await channels.open(finishes: finishes)
            do {
                if finishes { try await channels.catchUp(by: watcher) } else { try await channels.watch(by: watcher) }
            } catch {
                logger.error(
                    "What happened meanwhile is not known yet",
                    metadata: ["scheme": "\(scheme.rawValue)", "error": "\(error)"])
            }
        }
        answer = { if let trouble = await channels.retry(onlyDue: $0) { throw trouble } }
        watch = {
            defer { channels.metrics?.setUnclaimed(channels.index.unclaimed(of: configuration.token.address)) }
            try await channels.watch(by: watcher)
        }
        unclaimed = { channels.index.channels }
        sums = { try await channels.sums() }
        redeemDue = { await channels.redeemDue($0, fees: $1, soon: $2) }
        redeemExpiring = { await channels.redeemExpiring(soon: $0) }
        redeemAll = { await channels.redeemAll(ending: $0) }
    }
}
