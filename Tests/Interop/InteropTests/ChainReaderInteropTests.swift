// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEVMSettlement
import FarthingEncodings
import FarthingPrimitives
import Testing

extension Interop {
    @Suite("A chain with official channels", .timeLimit(.minutes(3)))
    struct ChainReading {}
}

extension Interop.ChainReading {
    @Test func `shows each channel as it is, through deposits, claims, refunds and withdrawals`() async throws {
        try await OfficialServer.open { server, _ in
            try await read(server.chain) { reader in
                let alice = try OfficialPayer(key: 0x11, at: server)
                try await server.chain.mint(100_000, for: alice.address)
                try await alice.pay("/weather", count: 4)
                let name = try #require(alice.channel)
                let channel = try #require(ChannelID(hex: name))
                let agree = { try await expectAgreement(reader, channel, server.chain) }

                var seen = [try await agree()]
                _ = try await server.claim()
                seen.append(try await agree())
                try await alice.refund(1000)
                seen.append(try await agree())
                _ = try await alice.initiateWithdraw(2000)
                seen.append(try await agree())
                #expect(seen[3].withdrawal?.amount == Amount(units: 2000))
                try await server.chain.increaseTime(by: 900)
                _ = try await alice.finalizeWithdraw()
                seen.append(try await agree())
                #expect(seen.map(\.balance.units) == [10_000, 10_000, 9000, 9000, 7000])
                #expect(seen.map(\.totalClaimed.units) == [0, 4000, 4000, 4000, 4000])
                #expect(seen.map(\.refundNonce) == [0, 0, 1, 1, 1])
                #expect(Set(seen.map(\.block.height)).count == 5)

                let unknown = try await reader.snapshot(of: ChannelID(.zero))
                #expect(unknown == nil)
            }
        }
    }

    @Test func `tells its newest block, its token, and what everybody holds`() async throws {
        try await OfficialServer.open { server, _ in
            try await read(server.chain) { reader in
                let alice = try OfficialPayer(key: 0x11, at: server)
                try await server.chain.mint(100_000, for: alice.address)
                try await alice.pay("/weather", count: 2)
                _ = try await server.claim()
                let usdc = try #require(Address(hex: SimulatedChain.usdc))
                let domain = TokenDomain(address: usdc, name: "USDC", version: "2")
                let token = try await reader.token(usdc)
                #expect(token == Token(domain: domain, symbol: "USDC", decimals: 6))
                let nobody = try await reader.token(alice.address)
                #expect(nobody == nil)

                let dump = try await server.chain.dump()
                for (account, units) in [alice.address.checksummed: 90_000, OfficialServer.receiver: 2000] {
                    let address = try #require(Address(hex: account))
                    let balance = try await reader.balance(of: address, token: usdc)
                    #expect(balance == Amount(units: UInt128(units)))
                    #expect(dump["balances"]?.units(account) == units)
                }
                let head = try await reader.head()
                let block = try await server.chain.dump()
                #expect(head.height <= UInt64(block["block"]?.integerValue ?? 0))
                #expect(head.time.seconds(since: Instant(unixSeconds: block["timestamp"]?.integerValue ?? 0)) <= 0)
            }
        }
    }

    @Test func `is searched for exactly one payer's channels, from a block on`() async throws {
        try await OfficialServer.open(longestRange: 300) { server, _ in
            try await read(server.chain) { reader in
                let alice = try OfficialPayer(key: 0x11, voucherKey: 0x44, at: server)
                let bob = try OfficialPayer(key: 0x55, at: server)
                for payer in [alice, bob] { try await server.chain.mint(100_000, for: payer.address) }
                try await alice.pay("/weather")
                let first = try #require(alice.channel.flatMap(ChannelID.init(hex:)))
                try await bob.pay("/weather")
                let middle = UInt64(try await server.chain.mine(700))
                try await alice.pay("/weather", salt: 0x07)
                let second = try #require(alice.channel.flatMap(ChannelID.init(hex:)))
                try await server.chain.mine(500)

                let all = try await reader.channels(openedBy: alice.address, since: 0) { height, head in
                    #expect(height <= head)
                }
                #expect(all.map(reader.domain.channelID(of:)) == [first, second])
                #expect(all.allSatisfy { $0.payer == alice.address && $0.payerAuthorizer == alice.voucherSigner })
                #expect(all.allSatisfy { $0.receiver.checksummed == OfficialServer.receiver })
                let late = try await reader.channels(openedBy: alice.address, since: middle) { _, _ in }
                #expect(late == [all[1]])
                let bobs = try await reader.channels(openedBy: bob.address, since: 0) { _, _ in }
                #expect(bobs.map { "\(reader.domain.channelID(of: $0))" } == [bob.channel])
            }
        }
    }

    /// Lets a reader of the chain be used for as long as the closure runs.
    private func read(_ chain: SimulatedChain, _ body: (ChainReader) async throws -> Void) async throws {
        let domain = try #require(SettlementDomain(network: Network(evm: SimulatedChain.chainID)))
        let reader = try ChainReader(url: chain.url, domain: domain)
        do { try await body(reader) } catch {
            await reader.shutdown()
            throw error
        }
        await reader.shutdown()
    }

    /// Compares what the reader sees of a channel with what the chain keeps.
    private func expectAgreement(
        _ reader: ChainReader, _ channel: ChannelID, _ chain: SimulatedChain
    ) async throws -> ChannelSnapshot {
        let found = try await reader.snapshot(of: channel)
        let snapshot = try #require(found)
        let kept = try #require(try await chain.dump()["channels"]?["\(channel)"])
        #expect(kept.units("balance") == Int(snapshot.balance.units))
        #expect(kept.units("totalClaimed") == Int(snapshot.totalClaimed.units))
        #expect(kept.units("refundNonce") == Int(snapshot.refundNonce))
        #expect(kept["withdrawal"]?.units("amount") == Int(snapshot.withdrawal?.amount.units ?? 0))
        #expect(kept["withdrawal"]?["initiatedAt"]?.integerValue == snapshot.withdrawal?.requestedAt.unixSeconds ?? 0)
        return snapshot
    }
}
