// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Testing

@Suite("A server that lies about what it took", .timeLimit(.minutes(2)))
struct ReceiptLieTests {
    @Test(
        arguments: [
            ("1001", "payer.overcharged"), ("340282366920938463463374607431768211455", "payer.overcharged"),
            ("340282366920938463463374607431768211456", "x402.header-member"), ("-5", "x402.header-member"),
            (1000, "x402.header-member"), ("", "x402.header-member"), (["1000"], "x402.header-member"),
        ] as [(JSON, String)])
    func `cannot charge what was not agreed`(charged: JSON, code: String) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            visit.payload == nil ? mallory.demand(mallory.offer()) : mallory.serve(visit, charged: charged)
        }
        try await Attack.run(by: trick) { attack async throws in
            #expect(try await attack.pay() == code)
            #expect(try await attack.wallet.journal.entries().map(\.state) == [.unknown])
            // Whoever overcharges is not paid again; whoever cannot count gets the same voucher as before.
            #expect(try await attack.pay() == (code == "payer.overcharged" ? "payer.suspended" : code))
        }
    }

    @Test func `takes no more than the price of one request by saying nothing`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            visit.payload == nil ? mallory.demand(mallory.offer()) : Mallory.Answer()
        }
        try await Attack.run(by: trick) { attack async throws in
            for _ in 0..<5 { #expect(try await attack.pay() == "200") }
            let states = try await attack.wallet.journal.entries().map(\.state)
            #expect(states == Array(repeating: .unknown, count: 5))
        }
    }

    @Test(arguments: ["network", "payer"])
    func `cannot pass off another's receipt`(member: String) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            guard visit.payload != nil else { return mallory.demand(mallory.offer()) }
            return member == "network"
                ? mallory.serve(visit, network: Network(evm: 1)) : mallory.serve(visit, payer: mallory.receiver.address)
        }
        try await Attack.run(by: trick) { attack async throws in
            #expect(try await attack.pay() == "x402.header-member")
            #expect(try await attack.wallet.journal.entries().map(\.code) == ["payment.receipt-of-another"])
            #expect(try await attack.channel().books.charged == 0)
        }
    }

    @Test func `cannot claim in secret more than it charged`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            visit.payload == nil ? mallory.demand(mallory.offer()) : mallory.serve(visit, charged: "300")
        }
        try await Attack.run(by: trick) { attack async throws in
            #expect(try await attack.pay() == "200")
            #expect(try await attack.mallory.plunder() == 1000)
            let id = try await attack.channel().id
            let found = try await attack.wallet.reconcile(id, through: nil).after
            #expect(found.misconduct == .overclaimed(claimed: 1000, known: 300))
            #expect(try await attack.pay() == "payer.suspended")
            try await attack.takeTheRest(of: id, expecting: 9000)
        }
    }

    @Test(arguments: [402, 500, 200])
    func `cannot keep the deposit by refusing to give it back`(status: Int) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            guard let payload = visit.payload else { return mallory.demand(mallory.offer()) }
            guard case .refund = payload else {
                if case .deposit(let terms, _, let deposit) = payload { try await mallory.lock(deposit, under: terms) }
                return mallory.serve(visit)
            }
            return status == 402 ? mallory.demand(mallory.offer(), error: "no") : Mallory.Answer(status: status)
        }
        try await Attack.run(by: trick) { attack async throws in
            #expect(try await attack.pay() == "200")
            let id = try await attack.channel().id
            do {
                try await attack.wallet.refund(id, through: attack.client)
                Issue.record("a refund was believed")
            } catch let error as WalletError { #expect(error.code == "wallet.refund-refused") }
            // What she earned she may claim while the withdrawal waits.
            _ = try await attack.wallet.withdraw(id)
            #expect(try await attack.mallory.plunder() == 1000)
            try await attack.takeTheRest(of: id, expecting: 9000)
        }
    }

    @Test func `cannot say that it gave back what it kept`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            guard let payload = visit.payload else { return mallory.demand(mallory.offer()) }
            if case .deposit(let terms, _, let deposit) = payload { try await mallory.lock(deposit, under: terms) }
            return mallory.serve(visit)
        }
        try await Attack.run(by: trick) { attack async throws in
            #expect(try await attack.pay() == "200")
            let id = try await attack.channel().id
            // The same receipt again, without an amount.
            await #expect(throws: WalletError.refundUnreadable) {
                try await attack.wallet.refund(id, through: attack.client)
            }
            let found = try await attack.wallet.reconcile(id, through: nil).after
            #expect(found.balance == 10_000)
            #expect(try await attack.wallet.journal.entries().map(\.state) == [.notTaken, .paid])
        }
    }
}

extension Attack {
    /// Withdraws what is left without her.
    func takeTheRest(of id: ChannelID, expecting amount: Amount) async throws {
        // The ledger's clock runs ahead of the wallet's after this, so honest people get their deposit first.
        _ = try await client.execute(PayingRequest(url: market.url + "/weather"))
        let before = try await market.ledger.balance(of: wallet.address, token: Market.token.address)
        _ = try await wallet.withdraw(id)
        try await market.ledger.advance(blocks: 1, seconds: 901)
        #expect(try await wallet.withdraw(id) == .paid(amount))
        let after = try await market.ledger.balance(of: wallet.address, token: Market.token.address)
        #expect(after.clampedSubtracting(before) == amount)
    }
}
