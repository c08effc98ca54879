// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Testing

@testable import FarthingWallet

@Suite("A payment whose task is cancelled", .timeLimit(.minutes(2)))
struct CancelledPaymentTests {
    /// Runs it in a task that is cancelled already.
    private func whenCancelled<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await body()
        }.value
    }

    private static func open(_ test: @escaping @Sendable (Market) async throws -> Void) async throws {
        try await Market.open(configure: { $0.policy.minimumDeposit = Amount(units: 100_000) }, test)
    }

    @Test func `leaves its channel, and is in doubt, when it was signed ahead`() async throws {
        try await Self.open { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            _ = try await client.execute(PayingRequest(url: market.url + "/weather"))
            // Behind one that has the channel alone, the others are signed ahead.
            @Sendable func paid(_ path: String) async throws -> Bool {
                try await client.execute(PayingRequest(url: market.url + path)).receipt != nil
            }
            let first = Task { try await paid("/slow?pause=2000") }
            try await eventually { market.upstream.calls(of: "/slow") == 1 }
            let tasks = (0..<3).map { _ in Task { try await paid("/slow?pause=8000") } }
            let isFirstPaid = try await first.value
            #expect(isFirstPaid)
            try await eventually { market.upstream.calls(of: "/slow") == 4 }
            for task in tasks { task.cancel() }
            var results: [Result<Bool, any Error>] = []
            for task in tasks { results.append(await task.result) }
            #expect(results.filter { (try? $0.get()) == nil }.count == 3)

            let entries = try await wallet.journal.entries()
            #expect(entries.count == 5 && entries.allSatisfy { $0.state != .pending })
            #expect(entries.filter { $0.state == .unknown && $0.isInDoubt }.count == 3)
            let books = try #require(try await wallet.journal.channels().first).books
            #expect(books.phase == .idle, "none takes a place any more")
            #expect(books.doubts.count == 3)
        }
    }

    private func eventually(_ condition: () -> Bool) async throws {
        for _ in 0..<600 {
            if condition() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("it never came about")
    }

    @Test func `is written down as it was answered, when it was signed ahead`() async throws {
        try await Self.open { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            let request = PayingRequest(url: market.url + "/weather")
            _ = try await client.execute(request)
            let known = try await client.knownOffer(for: request) { _ in true }
            var resource = try RequestedResource(method: "GET", url: request.url)
            resource.isPaidAhead = true
            let wanted = resource
            @Sendable func sign() async throws -> any SignedPayment {
                let desk = VoucherPayerDesk(wallet: wallet)
                let payment = try await desk.sign(
                    known.offer, for: wanted, identifier: nil, extensions: known.extensions)
                return try #require(payment as? AheadSignedPayment)
            }
            let (paid, lost, failed, unsent) = (
                try await sign(), try await sign(), try await sign(), try await sign()
            )
            let answer = SettleResponse(
                success: true, payer: wallet.address, transaction: nil, network: Market.network, amount: nil,
                extra: ["chargedAmount": .string("\(Market.price)")])
            let receipt = try await whenCancelled { try await paid.settled(answer) }
            #expect(receipt.charged == Market.price)
            try await whenCancelled {
                await lost.outcomeUnknown()
                await failed.failed(answer)
                await unsent.notSent()
            }
            let states = try await wallet.journal.entries().map(\.state)
            #expect(states == [.notTaken, .refused, .unknown, .paid, .paid])
            #expect(try await wallet.journal.channels().map(\.books.phase) == [.idle])
        }
    }

    @Test func `hands over its receipt, though its offer is not remembered yet`() async throws {
        try await Self.open { market in
            let client = try await market.wallet().client()
            let request = PayingRequest(url: market.url + "/weather")
            let known = try await client.knownOffer(for: request) { _ in true }
            let journal = try Journal(path: nil)
            try await whenCancelled { try await journal.keep(known, for: "weather") }
            #expect(try await journal.offer(for: "weather") == known)
        }
    }

    @Test func `is finished under the eyes of a probe too`() async throws {
        let journal = try Journal(path: nil, probe: JournalProbe { _, _ in })
        let entry = try await journal.begin(
            JournalDraft(intent: PolicyFixture.intent()), channel: nil, under: SpendingPolicy(), isApproved: true,
            at: Instant(unixSeconds: 1_000_000))
        try await whenCancelled { try await journal.finish(entry, JournalOutcome(.paid, charged: 1000), channel: nil) }
        #expect(try await journal.entries().map(\.state) == [.paid])
        let id = ChannelID(Keccak256.hash(utf8: "a channel"))
        let withdrawal = try await whenCancelled { try await journal.pendingWithdrawal(of: id) }
        #expect(withdrawal == nil)
    }
}
