// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Foundation
import Logging
import Synchronization
import Testing

@testable import FarthingAssembly

@Suite("A node before a facilitator")
struct FacilitatedNodeTests {
    /// Time that a test can let pass for the node alone.
    final class NodeClock: Sendable {
        private let ahead = Mutex<Int64>(0)
        func pass(_ seconds: Int64) { ahead.withLock { $0 += seconds } }
        var now: Instant { Ledger.systemClock().advanced(bySeconds: ahead.withLock { $0 }) }
    }

    private typealias Act = (PaymentNode, Ledger, NodeClock, FacilitatorStage) async throws -> Void

    /// Runs the closure with a node that settles through our facilitator, over real HTTP, and that one's ledger.
    private func run(_ limits: SponsorLimits = SponsorLimits(), _ body: @escaping Act) async throws {
        try await run(limits, acts: [body])
    }

    /// Runs the closures one after the other, and starts the node anew for each.
    private func run(_ limits: SponsorLimits = SponsorLimits(), acts: [Act]) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "farthing-node-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "ledger").path()
        let stage = try await FacilitatorStage()
        var asked = FacilitatorConfiguration(network: Network(evm: 84_532), token: stage.token, ledgerPath: path)
        asked.listen.port = 0
        asked.limits = limits
        let (addresses, told) = AsyncStream<String>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try await FacilitatorServer(asked, logger: logger, metrics: nil) { told.yield("http://\($0)") }
        let ledger = try Ledger(existing: path)
        try await ledger.mint(
            to: stage.payer.address, token: stage.token.address, amount: Amount(units: 1_000_000))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var iterator = addresses.makeAsyncIterator()
            let url = try #require(await iterator.next())
            var configuration = NodeConfiguration(
                upstream: "http://127.0.0.1:1", prices: PriceList([]), network: Network(evm: 84_532),
                token: stage.token, payTo: stage.receiver, storePath: folder.appending(path: "store").path())
            configuration.facilitator = url
            let clock = NodeClock()
            for act in acts {
                let node = try await PaymentNode.open(configuration, logger: logger, clock: { clock.now })
                do { try await act(node, ledger, clock, stage) } catch {
                    await node.close()
                    group.cancelAll()
                    throw error
                }
                await node.close()
            }
            configuration.facilitator = nil
            let error = await #expect(throws: ConfigurationError.self) {
                try await PaymentNode.open(configuration, logger: logger)
            }
            #expect(error?.code == "config.bad-value", "a store belongs to one place")
            group.cancelAll()
            try? await group.waitForAll()
        }
    }

    /// Somebody who pays at the desk.
    private struct Customer {
        let node: PaymentNode
        let stage: FacilitatorStage

        var terms: ChannelTerms {
            var terms = stage.terms()
            terms.receiverAuthorizer = node.books.authorizer
            return terms
        }
        var channel: ChannelID { stage.domain.channelID(of: terms) }

        func voucher(_ ceiling: UInt128) -> SignedCeiling {
            let amount = Amount(units: ceiling)
            let digest = stage.domain.voucherDigest(channel: channel, ceiling: amount)
            return SignedCeiling(terms: terms, ceiling: amount, signature: stage.payer.signNow(digest))
        }

        func deposit(_ units: UInt128, ceiling: UInt128) -> JSON {
            let before = UInt64(Ledger.systemClock().unixSeconds) + 3600
            let digest = stage.domain.depositDigest(
                token: stage.token.domain, payer: stage.payer.address, amount: Amount(units: units), validAfter: 0,
                validBefore: before, nonce: SettlementDomain.depositNonce(channel: channel, salt: .zero))
            return SignedDeposit(
                terms: terms, amount: Amount(units: units),
                authorization: TransferAuthorization(
                    validAfter: 0, validBefore: before, salt: .zero, signature: stage.payer.signNow(digest))
            ).payload(with: voucher(ceiling), of: channel)
        }

        /// Pays 1000, with a voucher unless a deposit is given.
        ///
        /// - Returns: The code of a refusal.
        func pay(_ ceiling: UInt128, with deposit: JSON? = nil) async throws -> String? {
            let plain = voucher(ceiling).showing(of: channel).changing("type", to: "voucher")
            let offer = try #require(node.desk.offers(for: Amount(units: 1000)).first)
            let payment = PaymentPayload(accepted: offer.json, payload: deposit ?? plain)
            switch try await node.desk.admit(payment, for: offer) {
            case .admitted(let admitted):
                let response = try await admitted.charge(Amount(units: 1000))
                return response.errorReason
            case .refused(let refusal): return refusal.code
            case .settled: return "settled"
            case .deferred(let error, _): return error.code
            }
        }
    }

    @Test(arguments: [false, true])
    func `sees a withdrawal before it relies on old news, and claims in time`(isPaid: Bool) async throws {
        try await run { node, ledger, clock, stage in
            let customer = Customer(node: node, stage: stage)
            #expect(try await customer.pay(1000, with: customer.deposit(10_000, ceiling: 1000)) == nil)
            #expect(try await customer.pay(2000) == nil)
            _ = try await ledger.initiateWithdraw(
                customer.terms, amount: Amount(units: 10_000), by: stage.payer)
            // What was read a moment ago is relied on.
            try await node.books.refreshStale()
            #expect(try await customer.pay(3000) == nil)
            #expect(try await ledger.snapshot(of: customer.channel)?.totalClaimed == .zero)
            clock.pass(301)
            if isPaid {
                #expect(
                    try await customer.pay(4000) == "invalid_batch_settlement_evm_cumulative_exceeds_balance")
            } else {
                try await node.books.refreshStale()
            }
            #expect(try await ledger.snapshot(of: customer.channel)?.totalClaimed == Amount(units: 3000))
            let state = try #require(try await node.books.engine.state(of: customer.channel))
            #expect(state.claimable.isZero && state.ledger.withdrawal?.amount == Amount(units: 7000))
            let collected = try await node.collect()
            #expect(collected.payout.amount == Amount(units: 3000))
            #expect(try await ledger.audit().faults == [])
        }
    }

    @Test func `sells nothing against money that a refund gave back before it was killed`() async throws {
        let isKilled: Act = { node, ledger, _, stage in
            let customer = Customer(node: node, stage: stage)
            let refusal = try await customer.pay(1000, with: customer.deposit(10_000, ceiling: 1000))
            #expect(refusal == nil)
            let report = try await node.books.cashier.claimDue(ClaimSchedule(age: 0))
            #expect(report.claimed == Amount(units: 1000))
            let best = try #require(try await node.books.engine.state(of: customer.channel)?.best)
            // The order is in the outbox and is carried out; the node does not live to hear of it.
            _ = try await node.books.engine.apply(
                .refundAsked(ReservationID(77), best, amount: nil), to: customer.channel)
            let amount = Amount(units: 9000)
            let digest = stage.domain.refundDigest(channel: customer.channel, nonce: 0, amount: amount)
            _ = try await ledger.refund(
                RefundOrder(
                    terms: customer.terms, amount: amount, nonce: 0, signature: node.books.signer.signNow(digest)))
        }
        let isBack: Act = { node, ledger, _, stage in
            let customer = Customer(node: node, stage: stage)
            // Nothing is waited for at the start, and nothing is taken until it is known what became of the refund.
            let busy = try await customer.pay(2000)
            #expect(busy == "invalid_batch_settlement_evm_channel_busy")
            await node.retry()
            let state = try #require(try await node.books.engine.state(of: customer.channel))
            #expect(state.phase == .idle)
            #expect(state.ledger.balance == Amount(units: 1000) && state.ledger.refundNonce == 1)
            let refusal = try await customer.pay(2000)
            #expect(refusal == "invalid_batch_settlement_evm_cumulative_exceeds_balance")
            let audit = try await ledger.audit()
            #expect(audit.faults == [])
        }
        try await run(acts: [isKilled, isBack])
    }

    @Test func `sees a withdrawal after a restart although its clock was ahead before`() async throws {
        let isAhead: Act = { node, _, clock, stage in
            let customer = Customer(node: node, stage: stage)
            let refusal = try await customer.pay(1000, with: customer.deposit(10_000, ceiling: 1000))
            #expect(refusal == nil)
            clock.pass(2000)
            // The channel is read by that clock.
            let later = try await customer.pay(2000)
            #expect(later == nil)
            clock.pass(-2000)
        }
        let isRight: Act = { node, ledger, clock, stage in
            let customer = Customer(node: node, stage: stage)
            _ = try await ledger.initiateWithdraw(customer.terms, amount: Amount(units: 10_000), by: stage.payer)
            clock.pass(301)
            try await node.books.refreshStale()
            let snapshot = try await ledger.snapshot(of: customer.channel)
            #expect(snapshot?.totalClaimed == Amount(units: 2000))
            let state = try #require(try await node.books.engine.state(of: customer.channel))
            #expect(state.ledger.withdrawal?.amount == Amount(units: 8000))
            let audit = try await ledger.audit()
            #expect(audit.faults == [])
        }
        try await run(acts: [isAhead, isRight])
    }

    @Test func `is paid by a payer that is leaving, although its claims at the facilitator are used up`() async throws {
        try await run(SponsorLimits(accountPerDay: 2)) { node, ledger, clock, stage in
            let customer = Customer(node: node, stage: stage)
            #expect(try await customer.pay(1000, with: customer.deposit(10_000, ceiling: 1000)) == nil)
            for total in [2000, 3000] as [UInt128] {
                #expect(try await node.books.cashier.claimDue(ClaimSchedule(age: 0)).claimed == Amount(units: 1000))
                #expect(try await customer.pay(total) == nil)
            }
            let refused = try await node.books.cashier.claimDue(ClaimSchedule(age: 0)).refused.map(\.error)
            guard case .refused("facilitator_rate_limited", _) = refused.first else {
                Issue.record("\(refused)")
                return
            }
            _ = try await ledger.initiateWithdraw(customer.terms, amount: Amount(units: 8000), by: stage.payer)
            clock.pass(301)
            try await node.books.refreshStale()
            #expect(try await ledger.snapshot(of: customer.channel)?.totalClaimed == Amount(units: 3000))
            #expect(try await ledger.audit().faults == [])
        }
    }
}
