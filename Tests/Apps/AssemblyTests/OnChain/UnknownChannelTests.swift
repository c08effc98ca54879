// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEncodings
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingX402
import HTTPTypes
import Testing

@testable import FarthingAssembly

/// Whoever signs nothing must not have a node ask its endpoint, which is paid by the question, for very much.
@Suite("Payments on channels that nobody knows", .timeLimit(.minutes(5)))
struct UnknownChannelTests {
    /// A fault that never comes, and counts how often it might have.
    private static let never = 1_000_000
    private static let tries = 10
    private static let step = UnverifiedHashChainStep(HashChainStep(index: 1, value: Keccak256.hash(utf8: "no step")))

    /// How often the endpoint is asked for a method while something is done; `*` for any.
    private func requests(
        _ method: String, at shop: ChainShop, during work: () async throws -> Void
    ) async throws -> Int {
        try await shop.devnet.ask(
            "devnet_fault", ["method": .string(method), "kind": "error", "after": .integer(Self.never)])
        try await work()
        let faults = try await shop.devnet.ask("devnet_faults").arrayValue ?? []
        try await shop.devnet.ask("devnet_clearFaults")
        return Self.never - Int(try #require(faults.first?["after"]?.integerValue))
    }

    /// Why the gate refuses a payment; `nil` when it would serve.
    private func answer(
        to payload: PrepaidPayload<HashChainChannel>, at shop: ChainShop
    ) async throws -> String? {
        let routes = shop.node.gate.priceDescription["routes"]?.arrayValue ?? []
        let offer = try #require(routes.first?["accepts"]?.arrayValue?.first)
        let payment = PaymentPayload(accepted: offer, payload: payload.json)
        let request = HTTPRequest(
            method: .get, scheme: "http", authority: "shop", path: "/weather/lisbon",
            headerFields: [.paymentSignature: Base64.encode(payment.json.bytes)])
        guard case .answer(let answer) = try await shop.node.gate.decide(request) else { return nil }
        let required = try #require(answer.headers[.paymentRequired])
        return try JSON.parse(try Base64.decode(required, maximumBytes: 65_536))["error"]?.stringValue
    }

    @Test func `have no logs searched, and those whose deposit is new are served`() async throws {
        try await ChainShop.open(.hashChain) { shop in
            let asked = try await requests("eth_getLogs", at: shop) {
                for number in 0..<Self.tries {
                    let channel = ChannelID(Keccak256.hash(utf8: "no channel \(number)"))
                    let code = try await answer(to: .payment(channel, Self.step), at: shop)
                    #expect(code == "invalid_prepaid_channel_not_found")
                }
            }
            #expect(asked == 0)
            // In coin a payer makes its deposit itself, and the node has never heard of the channel that is paid with.
            let key = KeySigner(PrivateKey.random())
            try await shop.devnet.giveCoin(10 * ChainShop.ether, to: key.address)
            try await shop.buy(1, from: try shop.wallet(key))
        }
    }

    @Test func `ask nothing of the chain when the payer did not sign the deposit that comes along`() async throws {
        try await ChainShop.open(.hashChain) { shop in
            let payer = KeySigner(PrivateKey.random())
            let now = UInt64(clamping: try await shop.node.settlement.head().time.unixSeconds)
            let terms = HashChainTerms(
                payer: payer.address, receiver: shop.payTo, receiverAuthorizer: shop.node.books.authorizer,
                token: Token.coinAddress, anchor: Keccak256.hash(utf8: "an anchor"), stepCount: 100,
                stepAmount: units(ChainShop.price), expiry: now + 86_400, salt: .zero)
            let funding = Funding(
                payer: payer.address, amount: try #require(terms.deposit),
                authorization: TransferAuthorization(
                    validAfter: 0, validBefore: now + 3600, salt: .zero, signature: payer.signNow(.zero)))
            let asked = try await requests("*", at: shop) {
                for _ in 0..<Self.tries {
                    let code = try await answer(to: .open(terms, funding, Self.step), at: shop)
                    #expect(code == "invalid_prepaid_deposit")
                }
            }
            // The node may ask something of its own meanwhile.
            #expect(asked < Self.tries)
        }
    }
}
