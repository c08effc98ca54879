// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEVMSettlement
public import FarthingHTTP402
public import FarthingLedgerSettlement
import FarthingNode
public import FarthingPrimitives
public import FarthingSQLiteStore
import FarthingVoucherScheme
import FarthingX402
public import Logging

/// A payee's node: its books, and the gate at which payments are taken.
///
///     let node = try await PaymentNode.open(configuration, logger: logger)
///     try await NodeServer(node: node, metrics: nil).run()
///     await node.close()
public final class PaymentNode: Sendable {
    public let configuration: NodeConfiguration
    public let books: Books
    public let desk: VoucherDesk
    /// What looks after channels of other schemes than vouchers: of those that are sold, and of those that once were
    /// and left channels in the store.
    public let offices: [PrepaidOffice]
    public let gate: Gate
    public let logger: Logger

    public var store: JournalStore { books.store }
    public var settlement: any Settlement { books.settlement }
    /// The embedded ledger; `nil` when channels are settled elsewhere.
    public var ledger: Ledger? { books.ledger }

    /// Opens the node's files, and makes those that are not there.
    ///
    /// It waits for no transaction. What was under way on a chain is taken up, so that no payment is taken against it,
    /// and done by the first ``catchUp()``, or by the ``NodeServer``.
    ///
    /// - Throws: `StoreError`, `KeyFileError`, ``LostFile`` or ``ConfigurationError``; nothing is left open then.
    public static func open(
        _ configuration: NodeConfiguration, logger: Logger,
        clock: @escaping @Sendable () -> Instant = Ledger.systemClock
    ) async throws -> PaymentNode {
        let books = try await Books.open(
            storePath: configuration.storePath, place: try configuration.place,
            authorizerKeyPath: configuration.authorizerKeyPath, finishes: false, caps: configuration.unclaimedCaps,
            logger: logger, clock: clock)
        do {
            // Nothing happens when the token is there already; another one under its address is an error.
            try await books.ledger?.addToken(configuration.token)
            let fees =
                configuration.schemes.contains(.lottery)
                ? await claimFees(of: .lottery, configuration, books.settlement, logger) : nil
            let node = PaymentNode(
                configuration, books: books, leastTicket: fees?.leastWorth, logger: logger, clock: clock)
            for office in node.offices { try await office.open() }
            node.warnOfUnknownMethods()
            node.warnOfCaps()
            node.tellOfUnsold()
            node.tellWhereTwoWayPays()
            node.warnOfOtherKeys()
            try await books.warnOfLostStore(receiver: configuration.payTo)
            return node
        } catch {
            await books.close()
            throw error
        }
    }

    private init(
        _ configuration: NodeConfiguration, books: Books, leastTicket: Amount?, logger: Logger,
        clock: @escaping @Sendable () -> Instant
    ) {
        self.configuration = configuration
        self.books = books
        self.logger = logger
        let terms = VoucherOffer(
            receiver: configuration.payTo, receiverAuthorizer: books.authorizer, token: configuration.token,
            withdrawDelay: configuration.withdrawDelay, method: configuration.depositMethod)
        desk = VoucherDesk(
            engine: books.engine, settlement: books.settlement, terms: terms, policy: configuration.policy,
            effects: books.effects, cashier: books.cashier,
            refunds: configuration.isSimulated ? nil : RefundRules(),
            deposits: configuration.isSimulated ? nil : DepositTurnRules(), clock: clock)
        // What was paid by a scheme that is not sold any more must be redeemed, and its channels watched, all the same.
        offices = (configuration.schemes + Self.unsold(configuration, books)).compactMap {
            PrepaidOffice($0, for: configuration, books: books, leastTicket: leastTicket, logger: logger)
        }
        let desks = configuration.schemes.compactMap { [desk, offices] scheme -> (any PaymentDesk)? in
            scheme == .voucher ? desk : offices.first { $0.scheme == scheme }?.desk
        }
        gate = Gate(
            prices: configuration.prices, desk: DeskRow(desks.first ?? desk, Array(desks.dropFirst())),
            publicURL: configuration.publicURL,
            requiresIdentifier: configuration.requiresIdentifier, streams: configuration.streams)
    }

    /// Schemes that are not sold, and of which the store has channels.
    private static func unsold(_ configuration: NodeConfiguration, _ books: Books) -> [PaymentScheme] {
        PaymentScheme.allCases.filter { scheme in
            guard let channels = scheme.prepaid, !configuration.schemes.contains(scheme) else { return false }
            return books.engine.otherSchemes.contains(channels.schemeName)
        }
    }

    /// Says which schemes' channels are looked after though nothing is sold by them, and which cannot be.
    private func tellOfUnsold() {
        for scheme in Self.unsold(configuration, books) {
            let metadata: Logger.Metadata = ["scheme": "\(scheme.rawValue)"]
            if offices.contains(where: { $0.scheme == scheme }) {
                logger.notice("Channels are looked after of a scheme that is not sold any more", metadata: metadata)
            } else {
                logger.error("Channels of a scheme cannot be looked after: it has no contract here", metadata: metadata)
            }
        }
    }

    private func isSold(_ office: PrepaidOffice) -> Bool { configuration.schemes.contains(office.scheme) }

    /// Says which ways to pay the caps do not hold for.
    private func warnOfCaps() {
        let free = offices.filter { isSold($0) && !$0.keepsToCaps }.map(\.scheme.rawValue)
        guard configuration.unclaimedCaps != UnclaimedCaps(), !free.isEmpty else { return }
        logger.warning(
            "Caps on what is unclaimed do not hold for all schemes", metadata: ["not": "\(free.joined(separator: ","))"]
        )
    }

    /// Says where two-way channels pay, unless that is where all others do: the payee is a party there, who signs.
    private func tellWhereTwoWayPays() {
        guard offices.contains(where: { $0.scheme == .twoWay }), books.authorizer != configuration.payTo else { return }
        let network = configuration.network
        logger.notice(
            "Two-way channels pay the authorizer's key, and not payTo",
            metadata: [
                "authorizer": "\(network.text(of: books.authorizer))",
                "payTo": "\(network.text(of: configuration.payTo))",
            ])
    }

    /// Says what this node cannot claim, since the channels name a key that was the authorizer's before.
    ///
    /// Hash chains, tokens and tickets pay by what their payers revealed, without a signature of the payee's.
    private func warnOfOtherKeys() {
        let signed = books.cashier.index.channels + offices.filter { $0.scheme == .twoWay }.flatMap { $0.unclaimed() }
        let others = Dictionary(grouping: signed, by: \.terms.receiverAuthorizer).filter { $0.key != books.authorizer }
        for (key, channels) in others.sorted(by: { $0.key < $1.key }) {
            logger.warning(
                """
                Channels name another authorizer's key, and this node cannot claim what they earned. Stop it, and run \
                'farthing claim' with --authorizer-key and that key's file, before their payers withdraw
                """,
                metadata: [
                    "authorizer": "\(configuration.network.text(of: key))", "channels": "\(channels.count)",
                    "amount": "\(channels.reduce(Amount.zero) { $0.adding($1.amount) ?? .max })",
                ])
        }
    }

    /// Claims what the schedule finds due, and has paid out what was claimed since the last time.
    public func collectDue() async throws -> (claims: VoucherEffects.ClaimReport, paidOut: Amount) {
        let claims = try await books.cashier.claimDue(
            configuration.claimSchedule, fees: await claimFees(of: .voucher))
        let payouts = try await books.cashier.sweep()
        return (claims, payouts.reduce(.zero) { $0.adding($1.receipt.amount ?? .zero) ?? .max })
    }

    /// Captures what is due in channels of other schemes than vouchers.
    public func redeemDue() async -> [(scheme: PaymentScheme, report: PrepaidOffice.Report)] {
        await eachOffice { [self] office in
            await office.redeemDue(
                configuration.claimSchedule, await claimFees(of: office.scheme), configuration.claimInterval)
        }
    }

    /// Captures what payers could take back soon in channels of other schemes than vouchers, however much else is due.
    func redeemExpiring() async -> [(scheme: PaymentScheme, report: PrepaidOffice.Report)] {
        await eachOffice { [configuration] in await $0.redeemExpiring(configuration.claimInterval) }
    }

    /// What claims cost now; `nil` where nobody said what a coin is worth, or the chain does not tell what gas costs.
    func claimFees(of scheme: PaymentScheme) async -> ClaimFees? {
        await Self.claimFees(of: scheme, configuration, settlement, logger)
    }

    private static func claimFees(
        of scheme: PaymentScheme, _ configuration: NodeConfiguration, _ settlement: any Settlement, _ logger: Logger
    ) async -> ClaimFees? {
        guard let costs = configuration.claimCosts, let chain = settlement as? EVMSettlement else { return nil }
        do throws(SettlementError) {
            return costs.fees(of: scheme, at: try await chain.gasPrice(), in: configuration.token.address)
        } catch {
            logger.warning("Nobody knows what gas costs", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// Captures all that was earned in channels of other schemes than vouchers.
    ///
    /// - Parameter ending: Whether two-way channels end for it: they pay at their end, and at no other time.
    public func redeemAll(ending: Bool = false) async -> [(scheme: PaymentScheme, report: PrepaidOffice.Report)] {
        await eachOffice { await $0.redeemAll(ending) }
    }

    private func eachOffice(
        _ redeem: @escaping @Sendable (PrepaidOffice) async -> PrepaidOffice.Report
    ) async -> [(scheme: PaymentScheme, report: PrepaidOffice.Report)] {
        // No scheme waits for another's transactions.
        await withTaskGroup { group in
            for (index, office) in offices.enumerated() { group.addTask { (index, await redeem(office)) } }
            var reports: [Int: PrepaidOffice.Report] = [:]
            for await (index, report) in group { reports[index] = report }
            return offices.enumerated().compactMap { index, office in
                reports[index].map { (scheme: office.scheme, report: $0) }
            }
        }
    }

    /// Does what had to wait, and takes in what happened since last time.
    public func catchUp() async throws {
        await retry()
        var trouble: (any Error)?
        do { try await watch() } catch { trouble = error }
        // What was seen must not wait for what could not be seen.
        let answers = answers(onlyDue: false)
        let unanswered = await answers.severalAtOnce(answers.count) { try await $0() }
        if let trouble = trouble ?? unanswered { throw trouble }
    }

    /// Does what had to wait, however long the settlement takes for it.
    ///
    /// - Parameter onlyDue: Whether what has failed again and again is left for later.
    func retry(onlyDue: Bool = false) async { await books.effects.retry(onlyDue: onlyDue) }

    /// Takes in what happened since last time, and waits for no transaction, as a withdrawal must be seen in time.
    func watch() async throws {
        let all: [@Sendable () async throws -> Void] = [{ [books] in try await books.watch() }] + offices.map(\.watch)
        if let trouble = await all.severalAtOnce(all.count, { try await $0() }) { throw trouble }
    }

    /// Answers what was taken in, for vouchers and for each other scheme: claims from those who leave, and challenges
    /// closes with old states.
    ///
    /// None should wait for another's transactions.
    ///
    /// - Parameter onlyDue: Whether what has failed again and again is left for later.
    func answers(onlyDue: Bool) -> [@Sendable () async throws -> Void] {
        [{ [books] in try await books.effects.claimAsked(onlyDue: onlyDue) }]
            + offices.map { office in { @Sendable in try await office.answer(onlyDue) } }
    }

    /// Claims all that was earned and has it paid out, whether it is due or not.
    public func collect() async throws -> (claims: VoucherEffects.ClaimReport, payout: PayoutReceipt) {
        let claims = try await books.cashier.claimAll()
        let payout = try await books.cashier.settle(
            receiver: configuration.payTo, token: configuration.token.address)
        return (claims, payout)
    }

    /// Where tokens can be handed in one by one: at the desks of hash chains and of Merkle tokens.
    var tokenDesks: [String: any TokenDesk] {
        let desks = offices.filter { isSold($0) && [.hashChain, .merkleToken].contains($0.scheme) }.compactMap {
            office in
            (office.desk as? any TokenDesk).map { (office.scheme.rawValue, $0) }
        }
        return Dictionary(desks) { first, _ in first }
    }

    public func close() async { await books.close() }
}
