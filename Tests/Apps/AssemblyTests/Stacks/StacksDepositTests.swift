// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingStacksSimnet
import FarthingVoucherScheme
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import FarthingAssembly
@testable import FarthingWallet

@Suite("A payer's deposits on Stacks, and a node that cannot hand them in", .timeLimit(.minutes(3)))
struct StacksDepositTests {
    private let key = KeySigner(PrivateKey.random(), accounts: .hash160)

    /// Notes the deposits that leave a wallet.
    private final class Witness: RequestCarrier {
        /// A deposit, but for what it is in.
        struct Deposit: Hashable {
            let number: String?
            let signature: String?
        }

        private let seen = Mutex<[Deposit]>([])
        var deposits: [Deposit] { seen.withLock(\.self) }

        func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
            if let header = request.headers.first(name: "PAYMENT-SIGNATURE") {
                let json = try JSON.parse(try Base64.decode(header, maximumBytes: 1 << 20))
                if let leave = json["payload"]?["deposit"]?["authorization"]?["erc3009Authorization"] {
                    let deposit = Deposit(
                        number: leave["validAfter"]?.stringValue, signature: leave["signature"]?.stringValue)
                    seen.withLock { $0.append(deposit) }
                }
            }
            return try await PayingClient.standardHTTPClient.carry(request, timeout: timeout)
        }
    }

    @Test func `A deposit that is handed over again has the number and the signature that it had`() async throws {
        try await StacksShop.open(.voucher) { [key] shop in
            try await shop.stage.mint(units(100_000), to: key.address, at: shop.node)
            let witness = Witness()
            let request = PayingRequest(url: shop.gate + "/weather/lisbon")
            for _ in 0..<2 {
                shop.stage.chain.inject(.refuse(reason: "TooMuchChaining"))
                _ = try? await shop.wallet(key, scheme: .voucher).client(carrier: witness).execute(request)
            }
            // The same wallet, which has forgotten nothing, and then one that was started anew.
            let wallet = try shop.wallet(key, scheme: .voucher)
            shop.stage.chain.inject(.refuse(reason: "TooMuchChaining"))
            _ = try? await wallet.client(carrier: witness).execute(request)
            let leave = try #require(try await wallet.journal.channels().first?.books.outstanding)
            #expect(leave.number != nil)
            let answer = try await wallet.client(carrier: witness).execute(request)
            #expect(answer.receipt != nil)
            #expect(witness.deposits.count == 4)
            #expect(Set(witness.deposits.map(\.number)) == [leave.number.map { "\($0)" }])
            #expect(Set(witness.deposits).count == 1)
        }
    }

    @Test func `A number that nothing was signed with is the next deposit's`() async throws {
        try await StacksShop.open(.voucher) { [key] shop in
            try await shop.stage.mint(units(100_000), to: key.address, at: shop.node)
            let wallet = try shop.wallet(key, scheme: .voucher)
            let until = UInt64(clamping: wallet.clock().advanced(bySeconds: 60).unixSeconds)
            let network = shop.node.configuration.network
            let first = try await wallet.depositNumber(on: network, until: until)
            let second = try await wallet.depositNumber(on: network, until: until)
            #expect(second == first.map { $0 + 1 })
            await wallet.giveBack(depositNumber: first, on: network)
            #expect(try await wallet.depositNumber(on: network, until: until) == first)
        }
    }

    @Test func `A wallet that is started anew knows the numbers of its deposits`() async throws {
        try await StacksShop.open(.voucher) { [key] shop in
            let network = shop.node.configuration.network
            let until = UInt64(clamping: shop.now.advanced(bySeconds: 60).unixSeconds)
            var numbers: [UInt64?] = []
            for _ in 0..<3 {
                // Each has forgotten all but what is in the journal.
                let wallet = try shop.wallet(key, scheme: .voucher)
                numbers.append(try await wallet.depositNumber(on: network, until: until))
            }
            #expect(numbers == [0, 1, 2])
            try await shop.leap(60)
            let later = UInt64(clamping: shop.now.advanced(bySeconds: 60).unixSeconds)
            let wallet = try shop.wallet(key, scheme: .voucher)
            #expect(try await wallet.depositNumber(on: network, until: later) == 0)
        }
    }

    @Test func `A payee that keeps a deposit for an hour holds up the payer's others no longer than two minutes`()
        async throws
    {
        try await StacksShop.open(.voucher) { [key] shop in
            try await shop.stage.mint(units(100_000), to: key.address, at: shop.node)
            let wallet = try shop.wallet(key, scheme: .voucher)
            let network = shop.node.configuration.network
            let long = UInt64(clamping: shop.now.advanced(bySeconds: 3600).unixSeconds)
            let kept = try #require(try await wallet.depositNumber(on: network, until: long))
            try await shop.leap(60)
            #expect(try await wallet.depositNumber(on: network, until: long) == kept + 1)
            try await shop.leap(60)
            // The next one is made in place of the one that was kept, under its number.
            try await shop.buy(1, from: wallet)
            let place = try #require(wallet.views[network] as? any NumberingSettlement)
            let used = try await place.nextNumber(of: key.address)
            #expect(used == kept + 1)
        }
    }
}
