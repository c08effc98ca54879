// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingLibP2P
import FarthingPrimitives
import Testing

@Suite("A node that takes tokens of peers and is killed", .timeLimit(.minutes(3)))
struct TokenKillTests {
    private static func number(_ json: JSON?) -> UInt32? { json?.stringValue.flatMap { UInt32($0) } }

    @Test func `has every token that was answered, and none twice`() async throws {
        let shop = try await Shop([
            "--schemes", "voucher,hash-chain", "--libp2p", "/ip4/127.0.0.1/tcp/0", "--mdns", "false",
        ])
        let host = try await PeerHost.listen()
        var address = try Multiaddr(text: try await shop.serve.peer())
        let offers = try await TokenClient.ask(["type": "offer"], of: address, by: host)["offers"]?.arrayValue
        let offer = try #require(offers?.first)
        let clients = try (0..<4).map { _ in try TokenClient(offer, steps: 2000, signer: shop.wallet) }
        for client in clients {
            let state = try await client.connect(to: address, by: host, funds: true)
            #expect(state["charged"] == "0")
        }
        for round in 0..<5 {
            let before = await Self.answered(clients)
            async let all: Void = Self.handIn(clients)
            // Not before something was answered, and then at any moment.
            _ = try await eventually(within: .seconds(20)) { await Self.answered(clients) > before + 4 }
            try await Task.sleep(for: .milliseconds(.random(in: 0...200)))
            try await shop.serve.kill()
            try await all
            let after = await Self.answered(clients)
            #expect(after > before + 4, "round \(round) came to nothing")
            try await shop.restart()
            try await shop.expectSound()
            address = try Multiaddr(text: try await shop.serve.peer())
            for client in clients {
                let state = try await client.connect(to: address, by: host)
                let kept = try #require(Self.number(state["index"]))
                // One more may have been taken, whose answer did not leave any more.
                let answered = await client.answered
                #expect(kept == answered || kept == answered + 1, "round \(round)")
                // Of that one the value may be there alone, and nothing sold for it yet: then it is as good as before.
                let charged = try #require(state["charged"]?.stringValue.flatMap { UInt64($0) })
                let worth = UInt64(kept) * TokenClient.price
                #expect(charged == worth || kept == answered + 1 && charged == worth - TokenClient.price)
                guard kept > 0 else { continue }
                if charged < worth {
                    #expect(try await client.handIn(kept)["channelState"]?["charged"] == .string("\(worth)"))
                }
                let again = try await client.handIn(kept)
                #expect(again["status"] == 400, "the same token was taken twice")
                let next = try await client.handIn(kept + 1)
                #expect(next["channelState"]?["charged"] == .string("\(UInt64(kept + 1) * TokenClient.price)"))
            }
        }
        // What the payee has redeemed in the end is what was handed in, no unit more or less.
        for client in clients {
            let redeemed = try await client.say(["type": "redeemChannel"])
            #expect(redeemed["status"] == 200)
        }
        let accounts = try await Farthing.run(["ledger", "accounts", "--store", shop.store, "--json"], in: shop.folder)
        let payee = accounts.json?["accounts"]?.arrayValue?.first { $0["owner"] == .string(Shop.receiver) }
        let earned = UInt64(await Self.answered(clients)) * TokenClient.price
        #expect(payee?["units"] == .string("\(earned)"))
        await host.shutdown(grace: .zero)
        try await shop.close()
    }

    /// How many tokens were answered, of all clients together.
    private static func answered(_ clients: [TokenClient]) async -> UInt32 {
        var sum: UInt32 = 0
        for client in clients { sum += await client.answered }
        return sum
    }

    private static func handIn(_ clients: [TokenClient]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in clients { group.addTask { try await client.handInAll() } }
            try await group.waitForAll()
        }
    }
}
