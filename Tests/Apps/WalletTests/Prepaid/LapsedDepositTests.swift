// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingContracts
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@testable import FarthingWallet

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

        /// The payer with another view of the contract, which has not come to the deposit yet, say.
        func leaving(behind ledger: Ledger? = nil) -> Wallet {
            Wallet(
                journal: journal, lockFolder: nil, signer: signer, views: [ledger ?? market.ledger],
                options: Wallet.Options(schemes: ["hash-chain"]), logger: Market.quiet)
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

    @Test func `is not given up while it can still come in, though the payee says that it is there`() async throws {
        try await Market.open { market in
            try await ChainStall.open(on: market) { stall in
                let payer = try await Payer(market)
                #expect(try await payer.pay(stall)?.charged == 1000)
                let funding = try #require(try await payer.channels().first?.funding)
                // A view that does not have it, as of a payee that holds the deposit back.
                let behind = try Ledger(path: nil, domain: market.ledger.domain)
                let id = try #require(try await payer.channels().first?.id)
                let due = Instant(unixSeconds: Int64(clamping: funding.authorization.validBefore))
                #expect(try await payer.leaving(behind: behind).withdraw(id) == .waiting(0, due: due))
                #expect(try await payer.channels().map(\.standing) == [.open])
                #expect(try await payer.channels().map(\.locked) == [9000], "the budget counts it")
                // It is not sent once more to a payee that has charged.
                #expect(try await payer.pay(stall)?.charged == 1000)
                // What was charged for is locked somewhere: this may be the wrong ledger, so nothing is given up.
                try await behind.advance(blocks: 1, seconds: 7200)
                await #expect(throws: WalletError.notThere(id, Market.network)) {
                    try await payer.leaving(behind: behind).withdraw(id)
                }
                #expect(try await payer.channels().map(\.standing) == [.open])
                #expect(try await payer.channels().map(\.locked) == [8000], "the budget counts it still")
                // Who knows that it is the right one says so.
                #expect(try await payer.leaving(behind: behind).withdraw(id, givingUp: true) == .paid(0))
                #expect(try await payer.channels().map(\.standing) == [.lapsed])
                #expect(try await payer.channels().map(\.locked) == [0])
            }
        }
    }

    @Test func `is given up when nothing was charged and nobody can hand it in any more`() async throws {
        try await Market.open { market in
            try await ChainStall.open(on: market) { stall in
                let payer = try await Payer(market)
                await stall.deniesChannels(locking: false)
                await payer.isRefused(stall)
                try await market.ledger.advance(blocks: 1, seconds: 7200)
                let id = try #require(try await payer.channels().first?.id)
                #expect(try await payer.leaving().withdraw(id) == .paid(0))
                #expect(try await payer.channels().map(\.standing) == [.lapsed])
            }
        }
    }

    @Test func `is found again when the contract has it, though it was given up`() async throws {
        try await Market.open { market in
            try await ChainStall.open(on: market) { stall in
                let payer = try await Payer(market)
                _ = try await payer.pay(stall)
                var lost = try #require(try await payer.channels().first)
                (lost.standing, lost.funding) = (.lapsed, nil)
                try await payer.journal.keep(lost)
                let due = try #require(lost.books.expiry)
                #expect(try await payer.leaving().withdraw(lost.id) == .waiting(10_000, due: due))
                #expect(try await payer.channels().map(\.locked) == [9000])
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
