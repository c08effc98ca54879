// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

extension Interop {
    /// What the peers are among themselves; without this, a test against them would prove little.
    @Suite("The official peers", .timeLimit(.minutes(3)))
    struct OfficialPeers {}
}

extension Interop.OfficialPeers {
    @Test(arguments: [false, true])
    func `pay each other over the simulated chain, and all books agree`(isDelegating: Bool) async throws {
        try await OfficialServer.open(isDelegating: isDelegating) { server, facilitator in
            let alice = try OfficialPayer(key: 0x11, at: server)
            try await server.chain.mint(100_000, for: alice.address)
            let paid = try await alice.pay("/weather", count: 12)
            #expect(paid.map(\.status) == Array(repeating: 200, count: 12))
            #expect(paid.compactMap(\.charged) == Array(repeating: OfficialServer.price, count: 12))
            #expect(paid.filter { $0.payload == "deposit" }.count == 2)
            #expect(try await alice.pay("/metered?cost=300").map(\.charged) == [300])
            #expect(try await alice.pay("/fail").map(\.status) == [500])
            #expect(try await alice.refund(500).refunded == 500)
            #expect(try await server.claim()["settle"]?["transaction"]?.stringValue != nil)

            let channel = try #require(alice.channel)
            let dump = try await server.chain.dump()
            let kept = try #require(dump["channels"]?[channel])
            #expect(kept.units("balance") == alice.deposited - 500)
            #expect(kept.units("totalClaimed") == 12_300 && alice.charged == 12_300)
            #expect(kept.units("refundNonce") == 1)
            #expect(dump["balances"]?.units(alice.address.checksummed) == 100_000 - alice.deposited + 500)
            #expect(dump["balances"]?.units(OfficialServer.receiver) == 12_300)
            #expect(dump["transactions"]?.arrayValue?.allSatisfy { $0["isDone"]?.boolValue == true } == true)

            let believed = try await server.channels()
            #expect(believed.compactMap { $0["channelId"]?.stringValue } == [channel])
            #expect(believed.first?.units("chargedCumulativeAmount") == 12_300)
            #expect(believed.first?.units("balance") == kept.units("balance"))
            let authorizer = believed.first?["channelConfig"]?["receiverAuthorizer"]?.stringValue
            #expect((authorizer == facilitator.receiverAuthorizer?.checksummed) == isDelegating)
            #expect(try facilitator.exchanges().allSatisfy { $0["status"]?.integerValue == 200 })
        }
    }

    @Test func `deposit through Permit2, once the payer has approved it`() async throws {
        try await OfficialServer.open { server, _ in
            let alice = try OfficialPayer(key: 0x11, at: server)
            try await server.chain.mint(100_000, for: alice.address)
            let early = try await alice.pay("/permit2")
            #expect(early.map(\.refusal) == ["invalid_batch_settlement_evm_permit2_allowance_required"], "\(early)")
            try await server.chain.approvePermit2(100_000, by: alice.address)
            let paid = try await alice.pay("/permit2", count: 2)
            #expect(paid.map(\.status) == [200, 200])
            #expect(paid.map(\.payload) == ["deposit", "voucher"])
            let channel = try #require(alice.channel)
            #expect(try await server.chain.dump()["channels"]?[channel]?.units("balance") == alice.deposited)
        }
    }

    @Test func `give a payer its money without the payee, once the delay is over`() async throws {
        try await OfficialServer.open { server, _ in
            let alice = try OfficialPayer(key: 0x11, at: server)
            try await server.chain.mint(100_000, for: alice.address)
            try await alice.pay("/weather", count: 3)
            #expect(try await alice.initiateWithdraw(4000).json["isSuccess"]?.boolValue == true)
            #expect(try await alice.finalizeWithdraw().json["isSuccess"]?.boolValue == false, "too early")
            try await server.chain.increaseTime(by: 900)
            #expect(try await alice.finalizeWithdraw().json["isSuccess"]?.boolValue == true)
            let dump = try await server.chain.dump()
            #expect(dump["balances"]?.units(alice.address.checksummed) == 94_000)
            let told = dump["transactions"]?.arrayValue?.compactMap { $0["refusal"]?.stringValue }
            #expect(told == ["WithdrawDelayNotElapsed()"])
        }
    }
}
