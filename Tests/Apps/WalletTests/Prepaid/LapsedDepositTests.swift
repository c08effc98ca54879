// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingWallet
import Testing

@Suite("A deposit that a payee says it never got", .timeLimit(.minutes(4)))
struct LapsedDepositTests {
    typealias ChainStall = Stall<HashChainChannel>

    /// One payer on one journal, whose clock can be ahead.
    private struct Payer {
        let market: Market
        let journal: Journal
        let signer = KeySigner(.random())
        let readsLedger: Bool

        init(_ market: Market, readsLedger: Bool = true) async throws {
            (self.market, self.readsLedger) = (market, readsLedger)
            journal = try Journal(path: nil)
            try await market.ledger.mint(to: signer.address, token: Market.token.address, amount: 100_000)
        }

        func pay(_ stall: ChainStall, ahead seconds: Int64 = 0) async throws -> PaymentReceipt? {
            let wallet = Wallet(
                journal: journal, lockFolder: nil, signer: signer, views: readsLedger ? [market.ledger] : [],
                options: Wallet.Options(schemes: ["hash-chain"]), logger: Market.quiet,
                clock: { Wallet.systemClock().advanced(bySeconds: seconds) })
            return try await wallet.client().execute(PayingRequest(url: await stall.address)).receipt
        }

        func isRefused(_ stall: ChainStall, ahead seconds: Int64 = 0) async {
            await #expect(throws: PayingError.refused(code: "invalid_prepaid_channel_not_found")) {
                try await pay(stall, ahead: seconds)
            }
        }

        func balance() async throws -> Amount {
            try await market.ledger.balance(of: signer.address, token: Market.token.address)
        }

        func channels() async throws -> [KeptPrepaid<HashChainPayer>] { try await journal.prepaid(HashChainPayer.self) }
    }

    @Test(arguments: [true, false])
    func `stays in the books when the payee locked it, and gets no other`(readsLedger: Bool) async throws {
        try await Market.open { market in
            try await ChainStall.open(on: market) { stall in
                let payer = try await Payer(market, readsLedger: readsLedger)
                await stall.deniesChannels(locking: true)
                await payer.isRefused(stall)
                #expect(try await payer.balance() == 90_000, "it locked the deposit")
                // The deposit is out of date now.
                try await market.ledger.advance(blocks: 1, seconds: 7200)
                for _ in 1...3 { await payer.isRefused(stall, ahead: 7200) }
                let channels = try await payer.channels()
                #expect(channels.map(\.standing) == [.open])
                #expect(channels.map(\.locked) == [10_000], "the budget counts it")
                #expect(try await payer.balance() == 90_000)
            }
        }
    }

    @Test func `is forgotten when the contract does not have it, and cannot get it any more`() async throws {
        try await Market.open { market in
            try await ChainStall.open(on: market) { stall in
                let payer = try await Payer(market)
                await stall.deniesChannels(locking: false)
                await payer.isRefused(stall)
                await stall.deniesChannels(locking: nil)
                try await market.ledger.advance(blocks: 1, seconds: 7200)
                #expect(try await payer.pay(stall, ahead: 7200)?.deposited == 10_000)
                let standings = try await payer.channels().map(\.standing)
                #expect(Set(standings) == [.lapsed, .open])
                #expect(try await payer.balance() == 90_000)
                let doubts = try await payer.journal.entries().map(\.isInDoubt)
                #expect(doubts == [false, false, false])
            }
        }
    }

    @Test func `is not forgotten by a clock that is ahead of the contract`() async throws {
        try await Market.open { market in
            try await ChainStall.open(on: market) { stall in
                let payer = try await Payer(market)
                await stall.deniesChannels(locking: false)
                await payer.isRefused(stall)
                await payer.isRefused(stall, ahead: 7200)
                #expect(try await payer.channels().map(\.standing) == [.open])
            }
        }
    }
}
