// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingGun
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import NIOCore
import Testing

/// A node and a wallet that share nothing but a relay which cheats in every way it can.
@Suite("Payments over GUN relays that cheat", .timeLimit(.minutes(5)))
struct GunTroubleTests {
    /// Pays until it is taken: a payment that was held back may arrive just then, and be in the way for a moment.
    private func pay(_ client: PayingClient, _ url: String) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            do {
                let answer = try await client.execute(PayingRequest(url: url))
                #expect(answer.receipt?.charged == Market.price)
                return
            } catch let error as PayingError where ["payment.refused", "payment.under-way"].contains(error.code) {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        Issue.record("it was refused again and again")
    }

    @Test(arguments: PeerPayingTests.schemes)
    func `are late and never taken twice, by whatever scheme`(scheme: String) async throws {
        let relay = try await HostileRelay.start()
        let address = "ws://127.0.0.1:\(await relay.port)/gun"
        try await PeerPayingTests.openOverGun(at: [address]) { market, carrier, url in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(schemes: [wire])
            let patient = wallet.client(carrier: carrier)
            let hasty = wallet.client(
                options: PayingClient.Options(timeout: .milliseconds(600), repeats: 0), carrier: carrier)
            var answered = 0
            for mode in HostileRelay.Mode.hostile {
                try await pay(patient, url)
                await relay.turn(mode)
                let answer = try? await hasty.execute(PayingRequest(url: url))
                if mode != .floods, mode != .replays { #expect(answer?.receipt == nil, "\(mode) passed an answer on") }
                answered += answer?.receipt == nil ? 1 : 2
                await relay.turn(.honest)
            }
            try await pay(patient, url)
            let entries = try await wallet.journal.entries(limit: 100)
            let paid = entries.count { $0.state == .paid }
            #expect(entries.filter { $0.state == .pending || $0.state == .unknown } == [])
            // What a relay kept back may have been served and paid, or neither.
            #expect(answered + 1 <= paid && paid <= market.upstream.calls)
            if scheme != "lottery" {
                let charged = try await wallet.journal.overviews().map(\.charged.units)
                #expect(charged.reduce(0, +) == UInt128(paid) * 1000)
            }
            #expect(try await market.faults(with: wallet) == [])
        }
        await relay.shutdown()
    }

    @Test func `go on when one of two relays is gone, and over one that was started anew without its graph`()
        async throws
    {
        let relays = try await TwoRelays()
        try await PeerPayingTests.openOverGun(at: await relays.addresses) { market, carrier, url in
            let wallet = try await market.wallet()
            let client = wallet.client(carrier: carrier)
            for number in [0, 1] {
                try await pay(client, url)
                await relays.stop(number)
                try await pay(client, url)
                try await relays.startAnew(number)
            }
            try await pay(client, url)
            #expect(market.upstream.calls == 5)
            #expect(try await market.faults(with: wallet) == [])
        }
        for number in [0, 1] { await relays.stop(number) }
    }

    @Test func `end when the patience of whoever asks does, where nobody answers`() async throws {
        try await GunGrounds.withRelay { relay in
            // It would look for the payee for ten minutes.
            var timing = GunStreamTiming()
            timing.patience = .seconds(600)
            let carrier = GunCarrier(try await GunGrounds.client(at: [relay]), timing: timing)
            let payee = "pnF7AAOO5GGme7Aj5aEH3tPS9ClbtR8j9Sxk95MzrLQ.xyEwXKOLi0R9aWMZzSIqSBNBC_wjqO6sh37GrT6Z1_s"
            let began = ContinuousClock.now
            await #expect(throws: RequestNotSent.self) {
                try await carrier.carry(HTTPClientRequest(url: "gun://\(payee)/weather"), timeout: .seconds(1))
            }
            #expect(ContinuousClock.now - began < .seconds(120))
            await carrier.close()
        }
    }
}

/// Two relays that know nothing of each other, and keep what they have in memory.
private actor TwoRelays {
    private var relays: [GunRelay]
    private let ports: [Int]

    init() async throws {
        let (first, second) = (try await GunGrounds.relay(), try await GunGrounds.relay())
        relays = [first, second]
        ports = [await first.port, await second.port]
    }

    var addresses: [String] { ports.map { "ws://127.0.0.1:\($0)/gun" } }

    func stop(_ number: Int) async { await relays[number].shutdown() }

    func startAnew(_ number: Int) async throws { relays[number] = try await GunGrounds.relay(port: ports[number]) }
}
