// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A scheme that is not sold any more", .timeLimit(.minutes(1)))
struct UnsoldSchemeTests {
    private static let notice = "Channels are looked after of a scheme that is not sold any more"

    /// The node of a shop, started anew to sell by vouchers alone.
    private func reopened(_ shop: PrepaidShop, _ log: LogBook = LogBook()) async throws -> PaymentNode {
        await shop.node.close()
        var configuration = shop.node.configuration
        configuration.schemes = [.voucher]
        return try await PaymentNode.open(
            configuration, logger: log.logger, clock: { [clock = shop.clock] in clock.now })
    }

    @Test func `has what its channels earned redeemed, and is offered to nobody`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            guard case .served = try await shop.open(&payer) else {
                Issue.record("not served")
                return
            }
            let log = LogBook()
            let node = try await reopened(shop, log)
            let reports = await node.redeemDue()
            #expect(reports.map(\.scheme) == [.hashChain])
            #expect(reports.first?.report.captured == units(1000))
            let balance = try await node.ledger?.balance(
                of: node.configuration.payTo, token: PrepaidShop.token.address)
            #expect(balance == units(1000))
            #expect(log.count(of: Self.notice) == 1)
            let accepted = node.gate.priceDescription["routes"]?.arrayValue?.first?["accepts"]?.arrayValue ?? []
            #expect(accepted.compactMap(PaymentRequirements.init(json:)).map(\.scheme) == ["batch-settlement"])
            #expect(node.tokenDesks.isEmpty)
            await node.close()
        }
    }

    @Test func `has old states challenged with which its payers would take their money back`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            let old = try shop.served(&payer, 0, try await shop.open(&payer))
            try shop.served(&payer, 1, try await shop.pay(&payer, request: 1))
            try await shop.end(payer, with: old)
            let node = try await reopened(shop)
            try await node.catchUp()
            let ledger = try #require(node.ledger)
            let closing = try #require(try await ledger.contract(TwoWayContract.self, of: payer.id))
            guard case .closing(let known, _) = closing.state.phase else {
                Issue.record("\(closing.state.phase)")
                return
            }
            #expect(known == payer.party.newest, "the old state was outdone")
            shop.clock.pass(Int64(PrepaidShop.challengeSeconds) + 1)
            try await node.catchUp()
            let balance = try await ledger.balance(of: node.books.authorizer, token: PrepaidShop.token.address)
            #expect(balance == units(2000))
            await node.close()
        }
    }

    @Test func `is not opened where it left no channels`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let log = LogBook()
            let node = try await reopened(shop, log)
            #expect(node.offices.isEmpty)
            #expect(log.count(of: Self.notice) == 0)
            await node.close()
        }
    }
}
