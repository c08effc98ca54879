// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingMerkleTokenScheme
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A client of MuP2P's messages")
struct TokenSessionTests {
    private func say(_ message: JSON, to session: inout TokenSession) async -> JSON {
        await session.answer(message.bytes)
    }

    private func session(at shop: PrepaidShop) -> TokenSession {
        TokenSession(desks: shop.node.tokenDesks, price: PrepaidShop.price)
    }

    private func chain(_ shop: PrepaidShop, steps: UInt32 = 10, salt: String = "salt") throws -> HashChainPayer {
        try shop.channel(steps: steps, salt: salt) { $0.stepAmount = PrepaidShop.price }
    }

    private func connecting(_ payer: HashChainPayer, at shop: PrepaidShop) throws -> JSON {
        [
            "type": "connect", "contractType": "hash-chain", "terms": HashChainChannel.json(of: payer.terms),
            "funding": try shop.funding(payer.id, with: payer.terms.deposit).json,
        ]
    }

    private func image(_ number: UInt32, of payer: HashChainPayer, at shop: PrepaidShop) throws -> JSON {
        let tag = payer.terms.tag(in: try shop.domain)
        let seed = Keccak256.hash(utf8: "seed")
        return .string(HashChain.step(number, from: seed, at: payer.terms.stepCount, tag: tag).hex)
    }

    @Test func `connects a channel, hands in pre-images, and has them redeemed`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let payer = try chain(shop, steps: 3)
            var session = session(at: shop)
            let connected = await say(try connecting(payer, at: shop), to: &session)
            #expect(connected["message"] == "Connection established")
            #expect(connected["channelState"]?["channelId"] == .string("\(payer.id)"))
            for number in UInt32(1)...3 {
                let answer = await say(
                    ["type": "verifyPreImage", "preImage": try image(number, of: payer, at: shop)], to: &session)
                // The last token counts as all others do.
                #expect(answer["status"] == 200 && answer["message"] == "PreImage verified")
                #expect(answer["channelState"]?["charged"] == .string("\(number * 1000)"))
            }
            let redeemed = await say(["type": "redeemChannel"], to: &session)
            #expect(redeemed["message"] == "Channel redeemed successfully" && redeemed["captured"] == "3000")
            let ledger = try shop.ledger
            let earned = try await ledger.balance(
                of: shop.node.configuration.payTo, token: PrepaidShop.token.address)
            #expect(earned == Amount(units: 3000))
            #expect(try await ledger.audit().faults == [])
        }
    }

    @Test func `is served once for a pre-image, and loses nothing by a wrong one`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let payer = try chain(shop)
            var session = session(at: shop)
            _ = await say(try connecting(payer, at: shop), to: &session)
            let first: JSON = ["type": "verifyPreImage", "preImage": try image(1, of: payer, at: shop)]
            #expect(await say(first, to: &session)["status"] == 200)
            let again = await say(first, to: &session)
            #expect(again["status"] == 400)
            #expect(again["message"]?.stringValue?.hasPrefix("PreImage does not match trustAnchor") == true)
            // With its own number it brings nothing new, so nothing is sold for it either.
            let numbered = first.adding("index", "1")
            #expect(await say(numbered, to: &session)["status"] == 400)
            let guessed = await say(
                ["type": "verifyPreImage", "preImage": .string(Keccak256.hash(utf8: "guess").hex)], to: &session)
            #expect(guessed["status"] == 400)
            let second: JSON = ["type": "verifyPreImage", "preImage": try image(2, of: payer, at: shop)]
            #expect(await say(second, to: &session)["channelState"]?["charged"] == "2000")
        }
    }

    @Test func `says what is missing, and takes no token before a channel`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var session = session(at: shop)
            let cases: [(JSON, String, String)] = [
                (["type": "verifyPreImage", "preImage": "0x00"], "No active connection", "mup2p.not-connected"),
                (["type": "redeemChannel"], "No active connection", "mup2p.not-connected"),
                (["type": "connect"], "Missing required parameters", "mup2p.missing"),
                (["type": "connect", "contractType": "casino"], "Missing required parameters", "mup2p.missing"),
                (["type": "connect", "contractType": "hash-chain"], "Missing required parameters", "mup2p.missing"),
                (["type": "steal"], "Unknown message type", "mup2p.type"),
                ([:], "Unknown message type", "mup2p.type"), ("text", "Unknown message type", "mup2p.type"),
            ]
            for (message, text, code) in cases {
                let answer = await say(message, to: &session)
                #expect(answer["status"] == 400 && answer["message"] == .string(text), "\(message.text)")
                #expect(answer["code"] == .string(code))
            }
            #expect(await session.answer(Array("{".utf8))["code"] == "mup2p.malformed")
            let payer = try chain(shop)
            _ = await say(try connecting(payer, at: shop), to: &session)
            #expect(await say(["type": "verifyPreImage"], to: &session)["message"] == "Missing preImage")
            #expect(await say(["type": "validateToken"], to: &session)["message"] == "Missing token")
            let offers = await say(["type": "offer"], to: &session)["offers"]?.arrayValue
            #expect(offers?.compactMap { PaymentRequirements(json: $0) }.map(\.scheme) == ["hash-chain"])
        }
    }

    @Test func `cannot connect a channel that is not what was offered, or not there`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var session = session(at: shop)
            var elsewhere = try shop.channel { $0.receiver = PrivateKey.random().address }
            #expect(await say(try connecting(elsewhere, at: shop), to: &session)["code"] == "invalid_prepaid_terms")
            elsewhere = try chain(shop)
            let unfunded: JSON = [
                "type": "connect", "contractType": "hash-chain", "terms": HashChainChannel.json(of: elsewhere.terms),
            ]
            #expect(await say(unfunded, to: &session)["code"] == "invalid_prepaid_channel_not_found")
            let forged = try connecting(elsewhere, at: shop).adding(
                "funding", try shop.funding(elsewhere.id, with: elsewhere.terms.deposit, by: KeySigner(.random())).json)
            #expect(await say(forged, to: &session)["code"] == "invalid_prepaid_deposit")
            #expect(await say(["type": "redeemChannel"], to: &session)["code"] == "mup2p.not-connected")
        }
    }

    @Test func `cannot have anything redeemed before it has handed in a token (MuP2P 18)`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let payer = try chain(shop)
            var session = session(at: shop)
            _ = await say(try connecting(payer, at: shop), to: &session)
            #expect(await say(["type": "redeemChannel"], to: &session)["status"] == 403)
            _ = await say(["type": "verifyPreImage", "preImage": try image(1, of: payer, at: shop)], to: &session)
            #expect(await say(["type": "redeemChannel"], to: &session)["captured"] == "1000")
            #expect(await say(["type": "redeemChannel"], to: &session)["status"] == 403)
        }
    }

    @Test func `cannot have the payee spend more on redeeming than it earns by it`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let payer = try chain(shop)
            let fees = ClaimFees(token: payer.terms.token, transaction: .zero, channel: Amount(units: 2500))
            var session = TokenSession(desks: shop.node.tokenDesks, price: PrepaidShop.price) { _ in fees }
            _ = await say(try connecting(payer, at: shop), to: &session)
            for number in UInt32(1)...3 {
                let image = try image(number, of: payer, at: shop)
                #expect(await say(["type": "verifyPreImage", "preImage": image], to: &session)["status"] == 200)
                let asked = await say(["type": "redeemChannel"], to: &session)
                // The third token covers the fee; nothing was redeemed for the two before.
                #expect(asked["code"] == (number < 3 ? "mup2p.fee" : nil))
                #expect(asked["captured"] == (number < 3 ? nil : "3000"))
            }
        }
    }

    @Test func `finds its channel as it left it after the payee was killed (MuP2P 18)`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, reopen in
            let payer = try chain(shop)
            var session = session(at: shop)
            _ = await say(try connecting(payer, at: shop), to: &session)
            for number in UInt32(1)...4 {
                _ = await say(
                    ["type": "verifyPreImage", "preImage": try image(number, of: payer, at: shop)], to: &session)
            }
            let next = try await reopen()
            var other = self.session(at: next)
            let found = await say(
                ["type": "connect", "contractType": "hash-chain", "channelId": .string("\(payer.id)")], to: &other)
            #expect(found["channelState"]?["index"] == "4")
            let fifth = await say(
                ["type": "verifyPreImage", "preImage": try image(5, of: payer, at: next)], to: &other)
            #expect(fifth["channelState"]?["charged"] == "5000")
        }
    }

    @Test func `has a session of its own beside other clients (MuP2P 17)`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let (mine, hers) = (try chain(shop), try chain(shop, salt: "hers"))
            var (first, second) = (session(at: shop), session(at: shop))
            _ = await say(try connecting(mine, at: shop), to: &first)
            _ = await say(try connecting(hers, at: shop), to: &second)
            let image = try image(1, of: mine, at: shop)
            #expect(await say(["type": "verifyPreImage", "preImage": image], to: &second)["status"] == 400)
            #expect(await say(["type": "verifyPreImage", "preImage": image], to: &first)["status"] == 200)
        }
    }

    @Test func `hands in Merkle tokens, and has the merchant paid`() async throws {
        let shop = try await MerkleTokenShop.open()
        var payer = try shop.channel()
        var session = TokenSession(desks: ["merkle-token": shop.desk], price: MerkleTokenShop.price)
        let connected = await say(
            [
                "type": "connect", "contractType": "merkle-token",
                "terms": MerkleTokenChannel.json(of: payer.terms), "funding": shop.funding(of: payer).json,
            ], to: &session)
        #expect(connected["message"] == "Connection established")
        let tokens = MerkleTokenChannel.json(of: try shop.asked(&payer, 1, MerkleTokenShop.price))
        #expect(
            await say(["type": "verifyPreImage", "preImage": "0x00"], to: &session)["code"] == "mup2p.contract-type")
        let answer = await say(["type": "validateToken", "token": tokens], to: &session)
        #expect(answer["message"] == "Token verified" && answer["channelState"]?["charged"] == "1000")
        #expect(await say(["type": "validateToken", "token": tokens], to: &session)["status"] == 400)
        let paid = await say(["type": "payMerchant"], to: &session)
        #expect(paid["message"] == "Merchant paid successfully" && paid["captured"] == "1000")
        #expect(try await shop.ledger.audit().faults == [])
    }
}
