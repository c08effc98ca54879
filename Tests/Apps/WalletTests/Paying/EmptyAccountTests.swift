// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import Testing

@Suite("An account with too little for a deposit", .timeLimit(.minutes(2)))
struct EmptyAccountTests {
    @Test(arguments: PeerPayingTests.schemes)
    func `signs nothing, and leaves nothing behind`(scheme: String) async throws {
        try await Market.open(paidBy: [scheme]) { market in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(holding: 500, schemes: [wire])
            let error = await #expect(throws: WalletError.self) {
                try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            }
            #expect(error?.code == "wallet.account-too-low")
            #expect(error?.message.contains("holds 500 units") == true, "\(error?.message ?? "")")
            #expect(try await wallet.journal.overviews() == [])
            #expect(try await wallet.journal.entries() == [])
            #expect(market.upstream.calls == 0)
        }
    }

    @Test(arguments: ["hash-chain", "two-way"])
    func `gets its rest back, and the history says so`(scheme: String) async throws {
        try await Market.open(paidBy: [scheme]) { market in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(schemes: [wire])
            _ = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            let id = try #require(try await wallet.journal.overviews().first?.id)
            let returned = try await wallet.close(id, through: wallet.client())
            let entry = try #require(try await wallet.journal.entries().first)
            #expect(entry.kind == .refund && entry.state == .paid && entry.charged == returned)
            #expect(entry.channel == id && !entry.host.isEmpty)
        }
    }
}
