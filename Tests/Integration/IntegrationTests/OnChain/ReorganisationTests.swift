// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@Suite("A node whose chain is reorganised", .timeLimit(.minutes(5)))
struct ReorganisationTests {
    @Test func `makes a deposit again that left the chain, and sells against it when it is deep`() async throws {
        let shop = try await ChainShop(confirmations: 3, claimEvery: 86_400)
        var payer = try await shop.payer()
        let (payment, channel, deposit) = (try payer.pay(), payer.channel, payer.depositAmount)
        async let answer = shop.get("/good", paying: payment)
        try await shop.wait { try await shop.locked(in: channel) == deposit.units }
        try await shop.waitUntilHeard()
        try await shop.devnet.ask("evm_setAutomine", false)
        try await shop.reorganise()
        let gone = try await shop.locked(in: channel)
        #expect(gone == 0)
        let early = try await shop.books(of: payer)
        #expect(early?.charged ?? .zero == .zero && early?.balance ?? .zero == .zero)

        try await shop.wait { try await shop.isSending }
        try await shop.devnet.ask("evm_mine", ["blocks": 3])
        try payer.settle(await answer)
        #expect(shop.upstream.calls(of: "/good") == 1)
        let books = try #require(try await shop.books(of: payer))
        #expect(books.charged == Amount(units: 1000) && books.balance == deposit)
        let (locked, left) = (try await shop.locked(in: channel), try await shop.held(shop.wallet.address))
        #expect(locked == deposit.units)
        #expect(left == UInt128(ChainShop.minted) - deposit.units, "it was deposited once")
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        try await shop.close()
    }

    @Test func `sells nothing against a deposit whose money went elsewhere in another branch`() async throws {
        let shop = try await ChainShop(confirmations: 3, claimEvery: 86_400)
        var payer = try await shop.payer()
        let (payment, channel) = (try payer.pay(), payer.channel)
        async let answer = shop.get("/good", paying: payment)
        try await shop.wait { try await shop.locked(in: channel) > 0 }
        try await shop.waitUntilHeard()
        try await shop.devnet.ask("evm_setAutomine", false)
        let all = Amount(units: UInt128(ChainShop.minted))
        let elsewhere = KeySigner(.random())
        let transfer = ABI.call("transfer(address,uint256)", [.address(elsewhere.address), .uint(all)])
        let theft: JSON = [
            "from": .string(shop.wallet.address.hex), "to": .string(Devnet.usdc), "gas": "0x30d40",
            "data": .string(Hex.encode(transfer)),
        ]
        try await shop.reorganise(rivals: [[theft, 0]])
        let taken = try await shop.held(elsewhere.address)
        #expect(taken == all.units)

        // The node hands the deposit in again, and this time the token will not have it.
        try await shop.wait { try await shop.isSending }
        try await shop.devnet.ask("evm_mine", ["blocks": 3])
        let reply = try await answer
        #expect(reply.status == 402, "\(reply.text)")
        #expect(reply.settled?["success"] != true)
        #expect(!reply.text.contains("This is /good"), "what was not paid for was handed out")
        let books = try await shop.books(of: payer)
        #expect(books?.charged ?? .zero == .zero && books?.balance ?? .zero == .zero && books?.isIdle ?? true)
        let again = try await shop.get("/good", paying: payer.voucher())
        #expect(again.status == 402)

        // It sells to others as before.
        try await shop.devnet.ask("evm_setAutomine", true)
        try await shop.devnet.mint(ChainShop.minted, for: elsewhere.address)
        var other = try await shop.payer(key: elsewhere)
        try await shop.open(&other)
        let charged = try await shop.books(of: other)?.charged
        #expect(charged == Amount(units: 1000))
        try await shop.close()
    }

    /// Its transaction is gone for good, or waits for a block again.
    @Test(arguments: ["dropped", "pooled"])
    func `books a claim once that left the chain, and takes payments meanwhile`(lot: String) async throws {
        let shop = try await ChainShop(confirmations: 3, claimEvery: 1)
        var payer = try await shop.payer()
        try await shop.open(&payer)
        let channel = payer.channel
        try await shop.wait { try await shop.claims(from: channel) == [1000] }
        try await shop.waitUntilHeard()
        try await shop.devnet.ask("evm_setAutomine", false)
        try await shop.reorganise(lot)
        let gone = try await shop.claims(from: channel)
        #expect(gone.isEmpty)
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        try await shop.wait { try await shop.isSending }

        try await shop.devnet.ask("evm_setAutomine", true)
        try await shop.wait(every: .milliseconds(100)) {
            try await shop.devnet.ask("evm_mine")
            return try await shop.earned() == 2000
        }
        let claims = try await shop.claims(from: channel)
        #expect(claims == [1000, 1000])
        try await shop.wait { try await shop.books(of: payer)?.captured == Amount(units: 2000) }
        let books = try #require(try await shop.books(of: payer))
        #expect(books.charged == payer.charged && books.isIdle)
        // Nobody stops who waits for the payout to be deep enough.
        try await shop.devnet.ask("evm_mine", ["blocks": 3])
        try await shop.close()
    }
}
