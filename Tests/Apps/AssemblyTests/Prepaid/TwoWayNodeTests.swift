// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A node that takes two-way channels")
struct TwoWayNodeTests {
    private func balance(_ shop: PrepaidShop, of account: Address) async throws -> UInt128 {
        try await shop.ledger.balance(of: account, token: PrepaidShop.token.address).units
    }

    @Test func `opens a channel with the first payment, and countersigns every state that it is paid with`()
        async throws
    {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            let first = try await shop.open(&payer)
            #expect(first.state?["charged"] == "1000")
            try shop.served(&payer, 0, first)
            #expect(payer.party.newest.secondBalance == Amount(units: 1000))
            let second = try await shop.pay(&payer, request: 1)
            let payment = try shop.served(&payer, 1, second)
            #expect(payment.state.secondBalance == Amount(units: 2000))
            #expect(payer.party.newest == payment.state)
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test(arguments: [(PaymentScheme.hashChain, 0), (.twoWay, 1)])
    func `tells its operator at the start that what is earned goes to the key that signs`(
        scheme: PaymentScheme, notices: Int
    ) async throws {
        let notice = "Two-way channels pay the authorizer's key, and not payTo"
        let log = LogBook()
        try await PrepaidShop.open(scheme, logger: log.logger) { shop, _ in
            #expect(log.count(of: notice) == notices)
            #expect(log.details.contains("authorizer: \(shop.node.books.authorizer)") == (notices == 1))
            // Nothing is to be told where the two are one.
            await shop.node.close()
            var configuration = shop.node.configuration
            configuration.payTo = shop.node.books.authorizer
            let same = LogBook()
            let node = try await PaymentNode.open(
                configuration, logger: same.logger, clock: { [clock = shop.clock] in clock.now })
            #expect(same.count(of: notice) == 0)
            await node.close()
        }
    }

    @Test(arguments: [(PaymentScheme.hashChain, 0), (.twoWay, 1)])
    func `warns its operator at the start of what only a former key can claim`(
        scheme: PaymentScheme, warnings: Int
    ) async throws {
        try await PrepaidShop.open(scheme) { shop, _ in
            if scheme == .twoWay {
                var payer = try shop.twoWayChannel()
                try shop.served(&payer, 0, try await shop.open(&payer))
            } else {
                var payer = try shop.channel()
                _ = try await shop.open(&payer)
            }
            let former = shop.node.books.authorizer
            await shop.node.close()
            var configuration = shop.node.configuration
            configuration.authorizerKeyPath = configuration.storePath + ".other.key"
            _ = try AuthorizerKey.secret(configuration.authorizerKeyPath)
            let log = LogBook()
            let node = try await PaymentNode.open(
                configuration, logger: log.logger, clock: { [clock = shop.clock] in clock.now })
            #expect(log.lines.count { $0.hasPrefix("Channels name another authorizer's key") } == warnings)
            #expect(log.details.contains("authorizer: \(former)") == (warnings == 1))
            await node.close()
        }
    }

    @Test func `charges nothing for a request that failed, and takes its payment for the next`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            _ = try await shop.pay(&payer, request: 1, fails: true)
            _ = try payer.apply(.notServed(ReservationID(1)))
            let given = payer.authorised
            #expect(try await shop.pay(&payer, request: 2).state?["charged"] == "2000")
            #expect(payer.authorised == given, "no more was given for it")
        }
    }

    @Test func `shows a payer with old books what both signed`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            let old = payer
            try shop.served(&payer, 0, try await shop.open(&payer))
            try shop.served(&payer, 1, try await shop.pay(&payer, request: 1))
            // From books of before the first payment the payer signs a first state again.
            var restored = old
            let refused = try await shop.pay(&restored, request: 2)
            #expect(refused.code == "invalid_two_way_stale" || refused.code == "invalid_two_way_insufficient")
            guard case .refused(_, let correction?) = refused else {
                Issue.record("\(refused)")
                return
            }
            let members = JSONMembers(correction)
            let told = TwoWayState(
                nonce: try members.number("nonce"), firstBalance: try members.amount("firstBalance"),
                secondBalance: try members.amount("secondBalance"))
            let domain = try shop.domain
            let own = UnverifiedTwoWayPayment(told, signature: try members.signature("signature"))
                .verified(by: .first, under: payer.terms, of: payer.id, in: domain)
            let theirs = UnverifiedTwoWayPayment(told, signature: try members.signature("countersignature"))
                .verified(by: .second, under: payer.terms, of: payer.id, in: domain)
            _ = try restored.apply(.recalled(own: try #require(own), theirs: try #require(theirs)))
            #expect(restored.party.newest == payer.party.newest)
            _ = try restored.apply(.corrected(ReservationID(2), charged: try members.amount("charged")))
            #expect(try await shop.pay(&restored, request: 3).state?["charged"] == "3000")
        }
    }

    // MARK: - The end

    @Test func `ends the channel at once with what was charged, when the payer signs that`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            // Paid, and not delivered: it comes back with the rest.
            _ = try await shop.pay(&payer, request: 1, fails: true)
            _ = try payer.apply(.notServed(ReservationID(1)))
            let before = try await balance(shop, of: shop.buyer.address)
            guard case .signClose(let end)? = try payer.apply(.closeAsked(credit: .zero)).first else {
                Issue.record("the payer signs no end")
                return
            }
            let payload = PrepaidPayload<TwoWayChannel>.close(
                payer.id, try shop.signed(end, of: payer.id, isClose: true))
            guard case .other(200, let body?) = try await shop.send(payload) else {
                Issue.record("not closed")
                return
            }
            #expect(body["channelId"]?.stringValue == "\(payer.id)")
            #expect(try await balance(shop, of: shop.buyer.address) == before + 9000)
            #expect(try await balance(shop, of: shop.node.books.authorizer) == 1000)
            #expect(try await shop.ledger.audit().faults == [])
            let again = try shop.signed(
                TwoWayState(nonce: 99, firstBalance: .zero, secondBalance: Amount(units: 10_000)), of: payer.id)
            #expect(
                try await shop.send(PrepaidPayload<TwoWayChannel>.payment(payer.id, again)).code
                    == "invalid_two_way_channel_not_open")
        }
    }

    @Test func `ends with no less than it is owed, and not by a payment`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            let nonce = payer.party.newest.nonce
            let short = TwoWayState(
                nonce: nonce, firstBalance: Amount(units: 9001), secondBalance: Amount(units: 999))
            let end = try shop.signed(short, of: payer.id, isClose: true)
            #expect(
                try await shop.send(PrepaidPayload<TwoWayChannel>.close(payer.id, end)).code
                    == "invalid_two_way_too_little")
            let payment = try shop.signed(payer.party.newest, of: payer.id)
            #expect(
                try await shop.send(PrepaidPayload<TwoWayChannel>.close(payer.id, payment)).code
                    == "invalid_two_way_close_unsigned")
            #expect(try await shop.pay(&payer, request: 1).state?["charged"] == "2000", "it is open as before")
        }
    }

    @Test func `answers an end with an old state by the newest, and is paid when the period is over`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            let old = try shop.served(&payer, 0, try await shop.open(&payer))
            try shop.served(&payer, 1, try await shop.pay(&payer, request: 1))
            try await shop.end(payer, with: old)
            try await shop.node.catchUp()
            let closing = try #require(try await shop.ledger.contract(TwoWayContract.self, of: payer.id))
            guard case .closing(let known, _) = closing.state.phase else {
                Issue.record("\(closing.state.phase)")
                return
            }
            #expect(known == payer.party.newest, "the old state was outdone")
            #expect(try await shop.pay(&payer, request: 2).code == "invalid_two_way_channel_not_open")
            shop.clock.pass(Int64(PrepaidShop.challengeSeconds) + 1)
            try await shop.node.catchUp()
            #expect(try await balance(shop, of: shop.node.books.authorizer) == 2000)
            #expect(try await balance(shop, of: shop.buyer.address) == 1_000_000 - 2000)
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `answers an end with no state at all that came while it was down`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, reopen in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            try await shop.end(payer, with: nil)
            let next = try await reopen()
            next.clock.pass(Int64(PrepaidShop.challengeSeconds) + 1)
            try await next.node.catchUp()
            #expect(try await balance(next, of: next.node.books.authorizer) == 1000)
            #expect(try await next.ledger.audit().faults == [])
        }
    }

    @Test func `captures by no schedule, and by ending the channel when it is told to`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            shop.clock.pass(864_000)
            #expect(await shop.node.redeemDue().first?.report == PrepaidOffice.Report())
            #expect(await shop.node.redeemAll().first?.report == PrepaidOffice.Report())
            let report = await shop.node.redeemAll(ending: true).first?.report
            #expect(report?.channels == 1)
            #expect(report?.failures == [])
            #expect(try await shop.pay(&payer, request: 1).code == "invalid_two_way_channel_not_open")
            shop.clock.pass(Int64(PrepaidShop.challengeSeconds) + 1)
            try await shop.node.catchUp()
            #expect(try await balance(shop, of: shop.node.books.authorizer) == 1000)
            let office = try #require(shop.node.offices.first)
            #expect(try await office.sums().captured == Amount(units: 1000))
        }
    }

    @Test func `goes on after a restart with what both signed`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, reopen in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            let next = try await reopen()
            let answer = try await next.pay(&payer, request: 1)
            #expect(answer.state?["charged"] == "2000")
            try next.served(&payer, 1, answer)
        }
    }

    // MARK: - Attacks and bad input

    @Test func `serves fifty copies of a payment once`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            let payload = PrepaidPayload<TwoWayChannel>.payment(payer.id, try shop.asked(&payer, 1))
            let count = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<50 { group.addTask { try await shop.send(payload).state != nil } }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(count == 1)
        }
    }

    @Test func `signs nothing that takes back what it has, makes money, or is somebody else's`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            let cases: [(TwoWayState, String)] = [
                (
                    TwoWayState(nonce: 3, firstBalance: Amount(units: 10_000), secondBalance: .zero),
                    "invalid_two_way_too_little"
                ),
                (
                    TwoWayState(nonce: 3, firstBalance: Amount(units: 9000), secondBalance: Amount(units: 2000)),
                    "invalid_two_way_sum_mismatch"
                ),
                (
                    TwoWayState(nonce: 2, firstBalance: Amount(units: 8000), secondBalance: Amount(units: 2000)),
                    "invalid_two_way_wrong_nonce"
                ),
                (
                    TwoWayState(
                        nonce: .max, firstBalance: Amount(units: 8000), secondBalance: Amount(units: 2000)),
                    "invalid_two_way_nonce_leap"
                ),
            ]
            for (state, code) in cases {
                let payment = try shop.signed(state, of: payer.id)
                #expect(try await shop.send(PrepaidPayload<TwoWayChannel>.payment(payer.id, payment)).code == code)
            }
            let good = TwoWayState(
                nonce: 3, firstBalance: Amount(units: 8000), secondBalance: Amount(units: 2000))
            let forged = UnverifiedTwoWayPayment(good, signature: shop.buyer.signNow(.zero))
            #expect(
                try await shop.send(PrepaidPayload<TwoWayChannel>.payment(payer.id, forged)).code
                    == "invalid_two_way_signature")
            #expect(try await shop.pay(&payer, request: 1).state?["charged"] == "2000", "nothing of it changed a thing")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `answers old states that are shown all at once, while each answer takes its time`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payers: [TwoWayPayer] = []
            for number in 0..<12 {
                var payer = try shop.twoWayChannel { $0.salt = Keccak256.hash(utf8: "salt \(number)") }
                let old = try shop.served(&payer, 0, try await shop.open(&payer))
                try shop.served(&payer, 1, try await shop.pay(&payer, request: 1))
                try await shop.end(payer, with: old)
                payers.append(payer)
            }
            // The same books where a transaction must be waited for.
            let slow = SlowContracts(try shop.ledger)
            let made = PrepaidBooks<TwoWayChannel>(
                store: shop.node.store, settlement: slow, payee: shop.node.configuration.payTo,
                authorizer: shop.node.books.signer, logger: shop.node.logger,
                clock: { [clock = shop.clock] in clock.now })
            let books = try #require(made)
            try await books.open()
            let watcher = SettlementWatcher(
                settlement: try shop.ledger, store: shop.node.store, scheme: "slow", changed: books.changed)
            slow.barrier.lower()
            async let answered: Void = books.catchUp(by: watcher)
            // All are on their way before the first has been mined.
            await slow.barrier.hold(payers.count)
            slow.barrier.lift()
            try await answered
            for payer in payers {
                let closing = try #require(try await shop.ledger.contract(TwoWayContract.self, of: payer.id))
                guard case .closing(let known, _) = closing.state.phase else {
                    Issue.record("\(closing.state.phase)")
                    return
                }
                #expect(known == payer.party.newest)
            }
        }
    }

    @Test(arguments: ["second", "token", "challengeSeconds", "secondDeposit"])
    func `takes no channel on other terms than it offers`(field: String) async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            let payer = try shop.twoWayChannel {
                switch field {
                case "second": $0.second = shop.node.configuration.payTo
                case "token": $0.token = $0.first
                case "challengeSeconds": $0.challengeSeconds = 60
                default: $0.secondDeposit = Amount(units: 1)
                }
            }
            let state = TwoWayState(
                nonce: 1, firstBalance: Amount(units: 9000), secondBalance: Amount(units: 1000))
            let answer = try await shop.send(
                PrepaidPayload<TwoWayChannel>.open(
                    payer.terms, try shop.funding(payer.id, with: payer.terms.firstDeposit),
                    try shop.signed(state, of: payer.id)))
            #expect(answer.code == "invalid_prepaid_terms")
        }
    }
}
