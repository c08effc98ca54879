// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingGun
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingLibP2P
import FarthingPeerPayments
import FarthingPrimitives
import FarthingVoucherScheme
import NIOCore
import NIOHTTP1
import Testing

@testable import FarthingWallet

@Suite("A payment of which no byte left", .timeLimit(.minutes(3)))
struct NotSentTests {
    /// Everything that a wallet knows of its channels.
    private func books(of wallet: Wallet) async throws -> [ChannelOverview] { try await wallet.journal.overviews() }

    /// Pays once at a market that is gone afterwards.
    private func regular(of scheme: String, over carrier: any RequestCarrier) async throws -> (Wallet, String) {
        try await Market.open(paidBy: PeerPayingTests.schemes) { market in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(policy: Market.lucky, readsLedger: false, schemes: [wire])
            let url = market.url + "/weather"
            let first = try await wallet.client(carrier: carrier).execute(PayingRequest(url: url))
            #expect(first.receipt?.charged == Market.price)
            return (wallet, url)
        }
    }

    /// Pays in vain, and finds that all is as it was.
    private func paysNothing(
        _ wallet: Wallet, at url: String, posting body: (@Sendable () throws -> HTTPClientRequest.Body)? = nil,
        over carrier: any RequestCarrier,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let (before, entries) = (try await books(of: wallet), try await wallet.journal.entries())
        let client = wallet.client(carrier: carrier)
        let began = ContinuousClock.now
        let error = await #expect(throws: PayingError.self, sourceLocation: location) {
            try await client.execute(PayingRequest(method: body == nil ? .GET : .POST, url: url, body: body))
        }
        #expect(error?.code == "payment.unreachable", sourceLocation: location)
        #expect(ContinuousClock.now - began < .seconds(20), sourceLocation: location)
        #expect(try await books(of: wallet) == before, sourceLocation: location)
        let after = try await wallet.journal.entries()
        #expect(after.first?.state == .notTaken, sourceLocation: location)
        #expect(after.first?.code == "payment.not-sent", sourceLocation: location)
        #expect(Array(after.dropFirst()) == entries, sourceLocation: location)
    }

    @Test(arguments: PeerPayingTests.schemes)
    func `is given back, and the channel is as it was before`(scheme: String) async throws {
        let carrier = PayingClient.standardHTTPClient
        let (wallet, url) = try await regular(of: scheme, over: carrier)
        try await paysNothing(wallet, at: url, over: carrier)
    }

    @Test(arguments: PeerPayingTests.schemes)
    func `leaves no channel that it would have opened, and the next one opens it`(scheme: String) async throws {
        try await Market.open(paidBy: PeerPayingTests.schemes) { market in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(policy: Market.lucky, schemes: [wire])
            let road = TappedCarrier(PayingClient.standardHTTPClient)
            let url = market.url + "/weather"
            road.lead(to: "http://127.0.0.1:1/")
            try await paysNothing(wallet, at: url, over: road)
            #expect(try await books(of: wallet) == [])
            road.lead(to: nil)
            let paid = try await wallet.client(carrier: road).execute(PayingRequest(url: url))
            #expect(paid.receipt?.charged == Market.price)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test(arguments: ["http://nobody.invalid/", "https://HERE/"])
    func `has no name to go to, or none that can be trusted`(detour: String) async throws {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let road = TappedCarrier(PayingClient.standardHTTPClient)
            let url = market.url + "/weather"
            _ = try await wallet.client(carrier: road).execute(PayingRequest(url: url))
            road.lead(to: detour.replacing("HERE", with: "127.0.0.1:\(market.port)"))
            try await paysNothing(wallet, at: url, over: road)
            road.lead(to: nil)
            _ = try await wallet.client(carrier: road).execute(PayingRequest(url: url))
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test(arguments: PeerRoad.allCases)
    func `has a body that is too long for a peer`(road: PeerRoad) async throws {
        try await PeerPayingTests.open(over: road) { market, carrier, url in
            let wallet = try await market.wallet()
            let echo = url.replacing("weather", with: "echo")
            _ = try await wallet.client(carrier: carrier).execute(
                PayingRequest(method: .POST, url: echo, body: { .bytes(ByteBuffer(string: "short")) }))
            try await paysNothing(
                wallet, at: echo, posting: { .bytes(ByteBuffer(repeating: 7, count: 2 << 20)) }, over: carrier)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `has a body that cannot be read a second time`() async throws {
        struct Gone: Error {}
        try await Market.open { market in
            let wallet = try await market.wallet()
            let carrier = PayingClient.standardHTTPClient
            let echo = market.url + "/echo"
            _ = try await wallet.client(carrier: carrier).execute(
                PayingRequest(method: .POST, url: echo, body: { .bytes(ByteBuffer(string: "here")) }))
            try await paysNothing(wallet, at: echo, posting: { throw Gone() }, over: carrier)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `is given back when its sender gives up before there is a road`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let links = PeerLinks<String>()
            let url = market.url + "/weather"
            _ = try await wallet.client(carrier: PayingClient.standardHTTPClient).execute(PayingRequest(url: url))
            let before = try await books(of: wallet)
            let (dials, dialled) = AsyncStream.makeStream(of: Void.self)
            let road = EndlessDial(links: links) { dialled.yield() }
            let paying = Task { try await wallet.client(carrier: road).execute(PayingRequest(url: url)) }
            for await _ in dials.prefix(1) { paying.cancel() }
            await #expect(throws: CancellationError.self) { try await paying.value }
            #expect(try await books(of: wallet) == before)
            #expect(try await wallet.journal.entries().first?.code == "payment.not-sent")
        }
    }

    /// A road to a peer that takes a connection and never says anything.
    private struct EndlessDial: RequestCarrier {
        let links: PeerLinks<String>
        let onDial: @Sendable () -> Void

        func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
            try await links.carry(request, to: "peer", target: "/weather", timeout: timeout) {
                onDial()
                try await Task.sleep(for: .seconds(3600))
                throw PeerLinkError.closed
            }
        }
    }

    @Test func `is not the one that went out before it`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let road = TappedCarrier(PayingClient.standardHTTPClient)
            let url = market.url + "/weather"
            _ = try await wallet.client(carrier: road).execute(PayingRequest(url: url))
            // The first copy is lost on its way, the second finds nobody there.
            road.keepBack(true)
            try await expectDoubt(wallet, at: url, over: road) { road.keepBack(false) }
        }
    }

    @Test func `is not one that somebody has begun to answer`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let road = TappedCarrier(PayingClient.standardHTTPClient)
            let url = market.url + "/weather"
            _ = try await wallet.client(carrier: road).execute(PayingRequest(url: url))
            // What stands before the payee is busy with the first copy, which is charged; the second finds nobody there.
            road.sayBusy(true)
            try await expectDoubt(wallet, at: url, over: road) { road.sayBusy(false) }
            road.lead(to: nil)
            _ = try await wallet.client(carrier: road).execute(PayingRequest(url: url))
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    /// Pays on a road that leads nowhere from the second copy on.
    private func expectDoubt(
        _ wallet: Wallet, at url: String, over road: TappedCarrier, mending: () -> Void
    ) async throws {
        let client = wallet.client(options: PayingClient.Options(pause: .milliseconds(500)), carrier: road)
        async let failure = #expect(throws: PayingError.self) { try await client.execute(PayingRequest(url: url)) }
        try await Task.sleep(for: .milliseconds(250))
        road.lead(to: "http://127.0.0.1:1/")
        mending()
        #expect(await failure?.code == "payment.outcome-unknown")
        #expect(try await wallet.journal.entries().first?.state == .unknown)
    }

    @Test func `is taken out from among those that are in flight`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let road = TappedCarrier(PayingClient.standardHTTPClient)
            let client = wallet.client(carrier: road)
            let url = market.url + "/weather"
            _ = try await client.execute(PayingRequest(url: url))
            road.lead(to: "http://127.0.0.1:1/")
            await withTaskGroup(of: String?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        do { _ = try await client.execute(PayingRequest(url: url)) } catch {
                            return (error as? any ExplainedError)?.code
                        }
                        return nil
                    }
                }
                for await code in group { #expect(code == "payment.unreachable") }
            }
            #expect(try await wallet.journal.entries().prefix(8).allSatisfy { $0.state == .notTaken })
            let channel = try #require(try await wallet.journal.channels().first)
            #expect(channel.books.doubts == [] && channel.books.phase == .idle && channel.books.charged == 1000)
            road.lead(to: nil)
            _ = try await client.execute(PayingRequest(url: url))
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `is given back when a peer is gone that was paid over libp2p`() async throws {
        try await PeerHost.withHost { host in
            let carrier = PeerCarrier(host: host)
            let address = try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")
            let (wallet, url) = try await Market.open(configure: { configuration in
                configuration.peers = NodeConfiguration.Peers(
                    listen: [address], identityPath: configuration.storePath + ".libp2p.key")
            }) { market in
                let wallet = try await market.wallet(readsLedger: false)
                let url = try carrier.learn("\(try #require(market.peers.first))/http-path/weather")
                _ = try await wallet.client(carrier: carrier).execute(PayingRequest(url: url))
                return (wallet, url)
            }
            try await paysNothing(wallet, at: url, over: carrier)
        }
    }

    @Test func `is given back when a payee is gone that was paid over GUN`() async throws {
        try await GunGrounds.withRelay { relay in
            var timing = GunGrounds.timing
            timing.patience = .seconds(3)
            let carrier = GunCarrier(try await GunGrounds.client(at: [relay]), timing: timing)
            // What goes out over a stream that is not known to have ended may have come; this one has none yet.
            let other = GunCarrier(try await GunGrounds.client(at: [relay]), timing: timing)
            do {
                let (wallet, url) = try await Market.open(configure: { configuration in
                    configuration.gun = NodeConfiguration.Gun(
                        relays: [relay], keyPath: configuration.storePath + ".gun.key")
                }) { market in
                    let wallet = try await market.wallet(readsLedger: false)
                    let location = try GunLocation(try #require(market.gun.first) + "/weather")
                    _ = try await wallet.client(carrier: carrier).execute(PayingRequest(url: location.url))
                    return (wallet, location.url)
                }
                try await paysNothing(wallet, at: url, over: other)
            }
            await carrier.close()
            await other.close()
        }
    }
}
