// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingConformance
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import Synchronization
import Testing

@testable import FarthingWallet

@Suite("A withdrawal of which nobody knows whether it began", .timeLimit(.minutes(3)))
struct UnsureWithdrawalTests {
    enum Trouble: CaseIterable, Sendable {
        /// It is not handed in.
        case unsent
        /// It is handed in, and nobody says so.
        case unheard
        /// Somebody else's of the same channel comes first.
        case overtaken
    }

    /// A ledger that answers the first withdrawal with trouble.
    private final class TroubledLedger: ForwardingSettlement, WithdrawalSettlement {
        let target: Ledger
        private let trouble: Mutex<Trouble?>

        init(_ target: Ledger, _ trouble: Trouble) {
            self.target = target
            self.trouble = Mutex(trouble)
        }

        func initiateWithdraw(
            _ terms: ChannelTerms, amount: Amount, by sender: any Signer
        ) async throws(SettlementError) -> WithdrawalReceipt {
            let trouble = trouble.withLock { trouble in
                defer { trouble = nil }
                return trouble
            }
            switch trouble {
            case nil: return try await target.initiateWithdraw(terms, amount: amount, by: sender)
            case .unsent: throw .unavailable(reason: "nobody answers")
            case .unheard:
                _ = try await target.initiateWithdraw(terms, amount: amount, by: sender)
                throw .unavailable(reason: "it is in no block yet")
            case .overtaken:
                _ = try await target.initiateWithdraw(terms, amount: amount, by: sender)
                return try await target.initiateWithdraw(terms, amount: amount, by: sender)
            }
        }
    }

    @Test(arguments: Trouble.allCases)
    func `is looked after by whoever watches, and for the sum it was begun for`(trouble: Trouble) async throws {
        try await Market.open { market in
            let payer = try await market.wallet(schemes: ["batch-settlement"])
            _ = try await payer.client().execute(PayingRequest(url: market.url + "/weather"))
            let channel = try #require(try await payer.journal.channels().first)
            let wallet = Wallet(
                journal: payer.journal, lockFolder: nil, signer: payer.signer,
                views: [TroubledLedger(market.ledger, trouble)], logger: Market.quiet)
            let error = await #expect(throws: SettlementError.self) {
                try await wallet.withdraw(channel.id, amount: 400)
            }
            let isOvertaken = error?.code == "settlement.withdrawal-already-pending"
            #expect(isOvertaken == (trouble == .overtaken))
            #expect(try await wallet.journal.entries().first?.state == .pending)

            let step = try #require(try await wallet.watch().first).result.get()
            switch step {
            case .started(400, _): #expect(trouble == .unsent)
            case .waiting(400, _): #expect(trouble != .unsent)
            default: Issue.record("it goes on with \(step)")
            }
            try await market.ledger.advance(blocks: 1, seconds: UInt64(channel.books.terms.withdrawDelay) + 1)
            #expect(try #require(try await wallet.watch().first).result.get() == .paid(400))
            #expect(try await wallet.watch().isEmpty)
            let entries = try await wallet.journal.entries().filter { $0.kind == .withdrawal }
            #expect(entries.map(\.state) == [.paid] && entries.first?.charged == 400)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `is not ended by the refusal of another attempt`() async throws {
        try await Market.open { market in
            let payer = try await market.wallet(schemes: ["batch-settlement"])
            _ = try await payer.client().execute(PayingRequest(url: market.url + "/weather"))
            let channel = try #require(try await payer.journal.channels().first).id
            let wallet = Wallet(
                journal: payer.journal, lockFolder: nil, signer: payer.signer,
                views: [TroubledLedger(market.ledger, .unsent)], logger: Market.quiet)
            await #expect(throws: SettlementError.self) { try await wallet.withdraw(channel, amount: 400) }
            await #expect(throws: SettlementError.self) { try await wallet.withdraw(channel, amount: 1_000_000_000) }
            #expect(try await wallet.journal.entries().first?.state == .pending)
            let step = try #require(try await wallet.watch().first).result.get()
            guard case .started(400, _) = step else {
                Issue.record("it goes on with \(step)")
                return
            }
        }
    }

    @Test func `is over when it was refused for good`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet(schemes: ["batch-settlement"])
            _ = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            let channel = try #require(try await wallet.journal.channels().first)
            await #expect(throws: SettlementError.self) { try await wallet.withdraw(channel.id, amount: 1_000_000_000) }
            #expect(try await wallet.journal.entries().first?.state == .refused)
            #expect(try await wallet.watch().isEmpty)
        }
    }
}
