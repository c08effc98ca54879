// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingGun
import FarthingHTTP402Client
import FarthingWallet
import Testing

@Suite("Addresses over GUN")
struct GunLocationTests {
    private static let payee = GunKeyPair().pub

    @Test func `name a relay, a payee and a path`() throws {
        let text = GunLocation.address(of: Self.payee, at: "ws://192.0.2.7:8765/gun") + "/a/~b?c=d"
        #expect(text == "gun://192.0.2.7:8765/gun/~\(Self.payee)/a/~b?c=d")
        let location = try GunLocation(text)
        #expect(location.relay == "ws://192.0.2.7:8765/gun")
        #expect(location.payee == Self.payee)
        #expect(location.target == "/a/~b?c=d")
        #expect(location.url == "gun://\(Self.payee)/a/~b?c=d")
    }

    @Test func `need no relay where it is known, and no path`() throws {
        let location = try GunLocation("GUN://\(Self.payee)")
        #expect(location.relay == nil && location.target == "/")
        #expect(try GunLocation("gun://\(Self.payee)?q=1").target == "/?q=1")
        // As it stands in a wallet's books, whatever the path is.
        for path in ["/a/~b?c=d", "/~\(GunKeyPair().pub)/x"] {
            let kept = try GunLocation("gun://\(Self.payee)\(path)")
            #expect(kept.relay == nil && kept.payee == Self.payee && kept.target == path)
            #expect(try GunLocation(kept.url) == kept)
        }
        let resource = try RequestedResource(method: "GET", url: "gun://\(Self.payee)/a?b")
        #expect(resource.isEncrypted && resource.path == "/a")
        #expect(resource.host == Self.payee.text.lowercased())
        #expect(HostPattern(resource.host)?.matches(resource.host, isEncrypted: true) == true)
    }

    @Test(arguments: [
        "", "gun://", "http://192.0.2.7/gun/~x", "gun://192.0.2.7:8765/gun", "gun://192.0.2.7:8765/gun/~x.y/weather",
        "gun:///~\(payee)/a", "gun://user@host/gun/~\(payee)/a", "gun://h:0/gun/~\(payee)/", "gun://\(payee)/a b",
        "gun://\(payee)/\u{E9}", "gun://h/gun/~\(payee.text.dropLast())/",
    ])
    func `are refused when they are none`(text: String) async throws {
        #expect(throws: GunLocationError.self) { try GunLocation(text) }
    }

    @Test func `that nobody answers at cost nothing`() async throws {
        try await GunGrounds.withRelay { relay in
            try await Market.open { market in
                var timing = GunGrounds.timing
                timing.patience = .seconds(1)
                let client = try await GunGrounds.client(at: [relay])
                let wallet = try await market.wallet()
                let carrier = GunCarrier(client, timing: timing)
                let fault = await #expect(throws: PayingError.self) {
                    try await wallet.client(
                        options: PayingClient.Options(repeats: 0), carrier: carrier
                    ).execute(PayingRequest(url: "gun://\(Self.payee)/weather"))
                }
                #expect(fault?.message.contains("Nobody answered") == true)
                #expect(try await wallet.journal.entries().isEmpty)
                await carrier.close()
            }
        }
    }
}
