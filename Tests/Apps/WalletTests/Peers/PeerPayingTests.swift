// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingGun
import FarthingHTTP402
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingLibP2P
import FarthingPeerPayments
import FarthingPrimitives
import FarthingWallet
import FarthingX402
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// A node that sells to peers, and a wallet that buys of it over libp2p or GUN.
@Suite("A wallet that pays peers", .timeLimit(.minutes(3)))
struct PeerPayingTests {
    static let schemes = ["voucher", "hash-chain", "merkle-token", "two-way", "lottery"]

    static func open(
        over road: PeerRoad = .libp2p, prices: PriceList? = nil,
        _ test: @escaping @Sendable (Market, any RequestCarrier, String) async throws -> Void
    ) async throws {
        switch road {
        case .libp2p: try await openOverLibP2P(prices, test)
        case .gun: try await GunGrounds.withRelay { try await openOverGun(at: [$0], prices, test) }
        }
    }

    private static func openOverLibP2P(
        _ prices: PriceList?, _ test: @escaping @Sendable (Market, any RequestCarrier, String) async throws -> Void
    ) async throws {
        let address = try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")
        let visit: @Sendable (Market) async throws -> Void = { market in
            try await PeerHost.withHost { host in
                let carrier = PeerCarrier(host: host)
                let peer = try #require(market.peers.first)
                try await test(market, carrier, try carrier.learn("\(peer)/http-path/weather"))
            }
        }
        try await Market.open(
            configure: { configuration in
                configuration.schemes = schemes.compactMap(PaymentScheme.init)
                configuration.peers = NodeConfiguration.Peers(
                    listen: [address], identityPath: configuration.storePath + ".libp2p.key")
                if let prices { configuration.prices = prices }
            }, visit)
    }

    static func openOverGun(
        at relays: [String], _ prices: PriceList? = nil,
        _ test: @escaping @Sendable (Market, any RequestCarrier, String) async throws -> Void
    ) async throws {
        let visit: @Sendable (Market) async throws -> Void = { market in
            let location = try GunLocation(try #require(market.gun.first) + "/weather")
            #expect(location.relay == relays.first)
            try await GunGrounds.withCarrier(at: relays) { try await test(market, $0, location.url) }
        }
        try await Market.open(
            configure: { configuration in
                configuration.schemes = schemes.compactMap(PaymentScheme.init)
                configuration.gun = NodeConfiguration.Gun(
                    relays: relays, keyPath: configuration.storePath + ".gun.key")
                if let prices { configuration.prices = prices }
            }, visit)
    }

    @Test(arguments: PeerRoad.allCases, schemes)
    func `pays by each scheme over one stream, and both count alike`(road: PeerRoad, scheme: String) async throws {
        try await Self.open(over: road) { market, carrier, url in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(schemes: [wire])
            let client = wallet.client(carrier: carrier)
            for _ in 1...5 {
                let answer = try await client.execute(PayingRequest(url: url))
                #expect(answer.response.status == .ok)
                #expect(try await answer.response.body.collect(upTo: 100) == ByteBuffer(string: "sunny\n"))
                let receipt = try #require(answer.receipt)
                #expect(receipt.scheme == wire)
                #expect(receipt.charged == Market.price)
            }
            let states = try await wallet.journal.entries().map(\.state)
            // A lottery's first ticket asks for the payee's seat, and is refused with it.
            #expect(states.filter { $0 == .paid }.count == 5)
            #expect(!states.contains(.unknown) && !states.contains(.pending))
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test(arguments: PeerRoad.allCases)
    func `pays many at once, ahead of their answers`(road: PeerRoad) async throws {
        try await Self.open(over: road) { market, carrier, url in
            let wallet = try await market.wallet()
            let client = wallet.client(carrier: carrier)
            try await withThrowingTaskGroup(of: Amount?.self) { group in
                for _ in 0..<32 {
                    group.addTask { try await client.execute(PayingRequest(url: url)).receipt?.charged }
                }
                for try await charged in group { #expect(charged == Market.price) }
            }
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test(arguments: PeerRoad.allCases)
    func `sends a body, and gets one back`(road: PeerRoad) async throws {
        try await Self.open(over: road) { market, carrier, url in
            let wallet = try await market.wallet()
            let body = String(repeating: "farthing ", count: 20_000)
            let answer = try await wallet.client(carrier: carrier).execute(
                PayingRequest(
                    method: .POST, url: url.replacing("weather", with: "echo"),
                    body: { .bytes(ByteBuffer(string: body)) }))
            #expect(try await answer.response.body.collect(upTo: 1 << 20) == ByteBuffer(string: body))
            #expect(answer.receipt?.charged == Market.price)
        }
    }

    @Test(arguments: PeerRoad.allCases, ["voucher", "hash-chain"])
    func `pays for a metered stream stretch by stretch`(road: PeerRoad, scheme: String) async throws {
        let tariff = try #require(StreamTariff(stretch: "KiB", price: 100))
        let prices = PriceList([PriceList.Route(pattern: .all, price: .metered(tariff))])
        try await Self.open(over: road, prices: prices) { market, carrier, url in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(schemes: [wire])
            let answer = try await wallet.client(carrier: carrier).execute(
                PayingRequest(
                    url: url.replacing("weather", with: "parts?count=11&size=512"), stream: StreamPlan()))
            #expect(answer.response.status == .ok && answer.receipt == nil)
            #expect(try await answer.response.body.collect(upTo: 1 << 20).readableBytes == 11 * 512)
            let stream = try #require(answer.stream)
            #expect(stream.receipt?.charged == 550)
            #expect(stream.doubts == 0 && stream.status?.end == .finished)
        }
    }

    @Test(arguments: PeerRoad.allCases)
    func `is told what costs nothing, and what is not sold`(road: PeerRoad) async throws {
        try await Self.open(over: road) { market, carrier, url in
            let wallet = try await market.wallet()
            let client = wallet.client(carrier: carrier)
            let free = try await client.execute(PayingRequest(url: url.replacing("weather", with: "free")))
            #expect(free.response.status == .ok && free.receipt == nil)
            let failed = try await client.execute(PayingRequest(url: url.replacing("weather", with: "fail")))
            #expect(failed.response.status == .internalServerError)
            #expect(failed.isUncharged && !failed.isInDoubt)
        }
    }

    @Test func `does not pay a peer that is somebody else`() async throws {
        try await Self.open { market, _, _ in
            try await PeerHost.withHost { host in
                let carrier = PeerCarrier(host: host)
                let address = try #require(market.peers.first).withoutPeer.naming(PeerIdentity().peerID)
                let wallet = try await market.wallet()
                let fault = await #expect(throws: PayingError.self) {
                    try await wallet.client(carrier: carrier).execute(
                        PayingRequest(url: try carrier.learn("\(address)/http-path/weather")))
                }
                #expect(fault?.message.contains("noise.wrong-peer") == true)
                #expect(try await wallet.journal.entries().isEmpty)
            }
        }
    }

    @Test(arguments: ["", "/", "/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/udp/1/quic-v1", "/dns4/x/tcp/1/p2p/zzz"])
    func `says what is no peer's address`(text: String) async throws {
        #expect(throws: PeerLocationError.self) { try PeerLocation(text) }
    }

    @Test func `reads the path at the end of an address`() throws {
        let peer = "12D3KooWGRUACkKLqdSB5hHCWdqSxYCcQRYgUqzjMcKbrDVSUi4F"
        let location = try? PeerLocation("/ip4/192.0.2.7/tcp/4001/p2p/\(peer)/http-path/a%2Fb%3Fc=d")
        if let location {
            #expect(location.target == "/a/b?c=d")
            #expect(location.url == "libp2p://\(peer)/a/b?c=d")
        }
        #expect(throws: PeerLocationError.self) {
            try PeerLocation("/ip4/192.0.2.7/tcp/4001/p2p/\(peer)/http-path/%zz")
        }
    }
}
