// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingWallet
import Foundation
import Testing

@Suite("A client that pays out of two-way channels", .timeLimit(.minutes(4)))
struct TwoWayPayingTests {
    typealias TwoWayStall = Stall<TwoWayChannel>

    private func open(_ test: @escaping @Sendable (Market) async throws -> Void) async throws {
        try await Market.open(configure: { $0.schemes = [.twoWay] }, test)
    }

    /// A payee that lies, or refuses what it should do.
    private func open(beside test: @escaping @Sendable (Market, TwoWayStall) async throws -> Void) async throws {
        try await Market.open { market in
            try await TwoWayStall.open(on: market) { try await test(market, $0) }
        }
    }

    private func pay(_ wallet: Wallet, _ market: Market) async throws -> PaymentReceipt {
        try #require(try await wallet.client().execute(PayingRequest(url: market.url + "/weather")).receipt)
    }

    private func pay(_ wallet: Wallet, _ stall: TwoWayStall) async throws -> PaymentReceipt {
        let url = await stall.address
        return try #require(try await wallet.client().execute(PayingRequest(url: url)).receipt)
    }

    @Test func `gives a little more with each request, and keeps what the payee signed`() async throws {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["two-way"])
            for number in 1...3 as ClosedRange<UInt128> {
                let receipt = try await pay(wallet, market)
                #expect(receipt.charged == Market.price)
                #expect(receipt.deposited == (number == 1 ? 10_000 : 0))
                let channel = try #require(try await wallet.journal.prepaid(TwoWayPayer.self).first)
                #expect(channel.books.party.newest.secondBalance.units == 1000 * number)
                #expect(channel.books.party.proof?.state == channel.books.party.newest, "both have signed it")
                #expect(channel.books.party.proposal == nil)
            }
            #expect(market.upstream.calls(of: "/weather") == 3)
        }
    }

    @Test func `opens the next channel when one is used up`() async throws {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["two-way"])
            for _ in 1...12 { #expect(try await pay(wallet, market).charged == 1000) }
            let charged = try await wallet.journal.prepaid(TwoWayPayer.self).map(\.books.charged.units).sorted()
            #expect(charged == [2000, 10_000])
        }
    }

    @Test func `goes on with its channel after a restart`() async throws {
        try await open { market in
            let folder = WalletFolder(path: market.folder.appending(path: "wallet").path(percentEncoded: false))
            let key = KeySigner(.random())
            try await market.ledger.mint(to: key.address, token: Market.token.address, amount: 1_000_000)
            for number in 1...3 {
                let wallet = try market.wallet(signer: key, folder: folder, schemes: ["two-way"])
                #expect(try await pay(wallet, market).deposited == (number == 1 ? 10_000 : 0))
            }
            #expect(try await folder.openedJournal().prepaid(TwoWayPayer.self).map(\.books.charged) == [3000])
        }
    }

    @Test func `ends the channel by agreement, and has back at once what was not charged`() async throws {
        try await open { market in
            let wallet = try await market.wallet(holding: 100_000, schemes: ["two-way"])
            for _ in 1...3 { _ = try await pay(wallet, market) }
            let channel = try #require(try await wallet.journal.prepaid(TwoWayPayer.self).first)
            #expect(try await wallet.close(channel.id, through: wallet.client()) == 7000)
            let balance = try await market.ledger.balance(of: wallet.address, token: Market.token.address)
            #expect(balance == 97_000)
            #expect(try await wallet.journal.overviews().map(\.status) == ["closed"])
            #expect(try await pay(wallet, market).deposited == 10_000, "the next request opens another")
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `opens another channel when the payee has ended one alone, to be paid`() async throws {
        try await open { market in
            let wallet = try await market.wallet(holding: 100_000, schemes: ["two-way"])
            let first = try await pay(wallet, market)
            #expect(await market.node.redeemAll(ending: true).first?.report.channels == 1)
            let second = try await pay(wallet, market)
            #expect(second.deposited == 10_000 && second.channel != first.channel)
            #expect(try await pay(wallet, market).channel == second.channel)
            try await market.ledger.advance(blocks: 1, seconds: 86_401)
            let channel = try #require(first.channel)
            #expect(try await wallet.withdraw(channel) == .paid(9000), "what is left of the first comes back")
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `ends the channel alone with what both signed when the payee refuses`() async throws {
        try await open(beside: { market, stall in
            let wallet = try await market.wallet(holding: 100_000, schemes: ["two-way"])
            for _ in 1...3 { _ = try await pay(wallet, stall) }
            await stall.refuseToClose()
            let channel = try #require(try await wallet.journal.prepaid(TwoWayPayer.self).first)
            await #expect(throws: WalletError.refundRefused(code: "not_today", message: nil)) {
                try await wallet.close(channel.id, through: wallet.client())
            }
            guard case .started(let sum, let due) = try await wallet.withdraw(channel.id) else {
                Issue.record("it was not started")
                return
            }
            #expect(sum == 10_000)
            #expect(try await wallet.withdraw(channel.id) == .waiting(10_000, due: due))
            try await market.ledger.advance(blocks: 1, seconds: 86_401)
            #expect(try await wallet.withdraw(channel.id) == .paid(7000))
            let balance = try await market.ledger.balance(of: wallet.address, token: Market.token.address)
            #expect(balance == 97_000)
            let earned = try await market.ledger.balance(of: stall.authorizer.address, token: Market.token.address)
            #expect(earned == 3000)
            #expect(try await market.ledger.audit().faults == [])
        })
    }

    @Test func `does not believe a payee that says it closed and did not`() async throws {
        try await open(beside: { market, stall in
            let wallet = try await market.wallet(schemes: ["two-way"])
            _ = try await pay(wallet, stall)
            let channel = try #require(try await wallet.journal.prepaid(TwoWayPayer.self).first)
            let fault = await #expect(throws: WalletError.self) {
                try await wallet.close(channel.id, through: wallet.client())
            }
            #expect(fault?.code == "wallet.refund-unknown")
            let kept = try #require(try await wallet.journal.prepaid(TwoWayPayer.self).first)
            #expect(kept.standing == .open)
            // What it signed to end the channel keeps it from paying out of it.
            #expect(try await pay(wallet, stall).channel != channel.id)
        })
    }

    @Test(arguments: ["balances", "replay", "signature", "charged"])
    func `pays a payee no more that lies about its books`(lie: String) async throws {
        try await open(beside: { market, stall in
            let wallet = try await market.wallet(schemes: ["two-way"])
            _ = try await pay(wallet, stall)
            let first = try #require(try await wallet.journal.prepaid(TwoWayPayer.self).first)
            let (old, foreign) = (first.books.party.newest, try await stall.authorizer.sign(first.id.hash).hex)
            let oldSignature = try #require(first.books.party.proof?.signature.hex)
            await stall.lies { extra in
                switch lie {
                case "balances": extra.withState("secondBalance", "9999")
                case "replay":
                    extra.withState("nonce", .string("\(old.nonce)"))
                        .withState("firstBalance", .string("\(old.firstBalance)"))
                        .withState("secondBalance", .string("\(old.secondBalance)"))
                        .withState("countersignature", .string(oldSignature))
                case "signature": extra.withState("countersignature", .string(foreign))
                default: extra.withState("charged", "5000")
                }
            }
            let isReplay = lie == "replay"
            if isReplay {
                // An old state with a true signature is no harm: the new one stays a proposal.
                #expect(try await pay(wallet, stall).charged == 1000)
                let kept = try #require(try await wallet.journal.prepaid(TwoWayPayer.self).first)
                #expect(kept.books.party.newest == old)
                #expect(kept.books.party.proposal?.secondBalance == 2000)
                return
            }
            await #expect(throws: (any Error).self) { _ = try await pay(wallet, stall) }
            let fault = await #expect(throws: PrepaidPayerFault.self) { _ = try await pay(wallet, stall) }
            #expect(fault?.code == "payer.suspended")
            #expect(try await wallet.journal.overviews().map(\.status) == ["suspended"])
            let entries = try await wallet.journal.entries()
            #expect(entries.map(\.state) == [.unknown, .paid])
            #expect(await stall.served == 2)
            // A person may forgive it.
            try await wallet.resume(first.id)
            await stall.lies(nil)
            #expect(try await pay(wallet, stall).charged == 1000)
        })
    }
}
