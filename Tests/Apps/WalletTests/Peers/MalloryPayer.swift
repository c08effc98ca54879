// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingLibP2P
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import FarthingX402
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// A payer that cheats a node among peers, beside Alice, who pays it as she should.
struct MalloryPayer: Sendable {
    let market: Market
    let scheme: PaymentScheme
    /// What all cost, except what is below `/cheap`.
    let url: String
    /// Each has a wallet, and a host or client of its own.
    let alice: Buyer
    let mallory: Buyer
    /// Makes another way to the node.
    let anotherRoad: @Sendable (_ use: @Sendable (any RequestCarrier) async throws -> Void) async throws -> Void
    /// How many requests were answered with what they asked for.
    private let servings = Served()

    /// A wallet, and the road that its payments take.
    struct Buyer: Sendable {
        let wallet: Wallet
        let tap: TappedCarrier
        let client: PayingClient
    }

    private final class Served: Sendable { let count = Mutex(0) }

    var served: Int { servings.count.withLock { $0 } }

    /// Has Mallory cheat, and sees whether anybody lost by it.
    ///
    /// - Parameter mayLose: Whether she may be charged for what she did not wait for.
    static func cheat(
        over road: PeerRoad, by name: String, mayLose: Bool = false,
        _ attack: @escaping @Sendable (MalloryPayer) async throws -> Void
    ) async throws {
        try await PeerPayingTests.open(over: road) { market, carrier, url in
            let scheme = try #require(PaymentScheme(rawValue: name))
            let wire = try #require(PaymentSchemeName.wire(of: name))
            let relays = market.gun.isEmpty ? [] : [try #require(try GunLocation(market.gun[0]).relay)]
            let peer = market.peers.first
            let anotherRoad: @Sendable (@Sendable (any RequestCarrier) async throws -> Void) async throws -> Void = {
                use in
                guard let peer else { return try await GunGrounds.withCarrier(at: relays) { try await use($0) } }
                try await PeerHost.withHost { host in
                    let carrier = PeerCarrier(host: host)
                    _ = try carrier.learn("\(peer)/http-path/weather")
                    try await use(carrier)
                }
            }
            @Sendable func buyer(over road: any RequestCarrier) async throws -> Buyer {
                let wallet = try await market.wallet(policy: Market.lucky, schemes: [wire])
                let tap = TappedCarrier(road)
                let options = PayingClient.Options(timeout: .seconds(10), repeats: 0)
                return Buyer(wallet: wallet, tap: tap, client: wallet.client(options: options, carrier: tap))
            }
            let alice = try await buyer(over: carrier)
            try await anotherRoad { other in
                let payer = MalloryPayer(
                    market: market, scheme: scheme, url: url, alice: alice, mallory: try await buyer(over: other),
                    anotherRoad: anotherRoad)
                for buyer in [payer.alice, payer.mallory, payer.alice, payer.mallory] { try await payer.pay(buyer) }
                try await attack(payer)
                // Alice is served as before, and all that was served was paid for.
                try await payer.pay(payer.alice)
                let (charged, owed) = (try await payer.charged, UInt128(payer.served) * Market.price.units)
                #expect(mayLose ? charged >= owed : charged == owed)
                #expect(try await market.faults(with: payer.alice.wallet) == [])
            }
        }
    }

    /// Pays for one request as one should.
    func pay(_ buyer: Buyer) async throws {
        let answer = try await buyer.client.execute(PayingRequest(url: url))
        #expect(answer.receipt?.charged == Market.price)
        servings.count.withLock { $0 += 1 }
    }

    /// A payment that Mallory's wallet has signed, and that nobody has seen yet.
    func signed(for url: String? = nil) async throws -> PaymentPayload {
        mallory.tap.keepBack(true)
        defer { mallory.tap.keepBack(false) }
        await #expect(throws: (any Error).self) {
            try await mallory.client.execute(PayingRequest(url: url ?? self.url))
        }
        return try #require(try mallory.tap.last)
    }

    /// Sends a payment, whatever is in it.
    ///
    /// - Returns: The status of the answer, and the code of the refusal.
    @discardableResult
    func send(_ payload: JSON, accepting accepted: JSON, over road: (any RequestCarrier)? = nil) async throws -> Answer
    {
        var request = HTTPClientRequest(url: url)
        let payment = PaymentPayload(accepted: accepted, payload: payload)
        request.headers.add(name: "PAYMENT-SIGNATURE", value: Base64.encode(payment.json.bytes))
        let answer = try await (road ?? mallory.tap.road).carry(request, timeout: .seconds(10))
        let body = try await answer.body.collect(upTo: 1 << 20)
        if body == ByteBuffer(string: "sunny\n") { servings.count.withLock { $0 += 1 } }
        let required = try answer.headers.first(name: "PAYMENT-REQUIRED").map {
            try JSON.parse(try Base64.decode($0, maximumBytes: 65_536))
        }
        return Answer(status: Int(answer.status.code), code: required?["error"]?.stringValue)
    }

    struct Answer: Sendable {
        let status: Int
        let code: String?
        /// Whether the payee said no, with its reason, and served nothing.
        var isRefused: Bool { status == 402 && code?.isEmpty == false }
    }

    /// What the node's books say that all payers of the scheme were charged.
    private var charged: UInt128 {
        get async throws {
            if let office = market.node.offices.first(where: { $0.scheme == scheme }) {
                return try await office.sums().charged.units
            }
            return try await market.node.books.engine.channels(after: nil, limit: 100).reduce(0) {
                $0 + $1.state.charged.units
            }
        }
    }
}

extension JSON {
    /// The same with a digit of every signature and secret changed, which are of the same form then.
    var forged: JSON {
        let proofs: Set<String> = ["signature", "closeSignature", "step", "secret"]
        if let members {
            return .object(
                members.map { member in
                    guard proofs.contains(member.name), let text = member.value.stringValue else {
                        return JSON.Member(name: member.name, value: member.value.forged)
                    }
                    var digits = Array(text)
                    digits[20] = digits[20] == "1" ? "2" : "1"
                    return JSON.Member(name: member.name, value: .string(String(digits)))
                })
        }
        return arrayValue.map { .array($0.map(\.forged)) } ?? self
    }
}
