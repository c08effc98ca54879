// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Foundation
import Synchronization
import Testing

@Suite("A payer that is killed", .timeLimit(.minutes(5)))
struct KilledPayerTests {
    static let killed: Int32 = -9

    /// Where a payer dies: the step, and how many payments the payee has taken by then.
    static let places: [(place: String, taken: Int)] = [1, 2].flatMap { number in
        [
            ("payment.beginning.\(number)", number - 1), ("payment.begun.\(number)", number - 1),
            ("payment.signed.\(number)", number - 1), ("payment.finishing.\(number)", number),
            ("payment.finished.\(number)", number),
        ]
    }

    @Test(arguments: places, [true, false])
    func `pays nothing twice after a death at any step`(
        place: (place: String, taken: Int), reconciles: Bool
    ) async throws {
        for readsLedger in [true, false] {
            try await Market.open { market in
                let grave = try await Grave(market, readsLedger: readsLedger)
                let payer = try grave.payer("pay", times: 3, killedAt: place.place)
                #expect(try await payer.end() == Self.killed)
                #expect(market.upstream.calls == place.taken)
                let wallet = try grave.wallet()
                if reconciles { try await grave.reconcile(wallet) }
                try await grave.paysOn(wallet, paid: place.taken)
            }
        }
    }

    /// The request is served, the charge is booked, and the answer is on its way when the payer dies.
    @Test(arguments: [1, 2], [true, false])
    func `pays nothing twice after a death between request and answer`(number: Int, reconciles: Bool) async throws {
        for readsLedger in [true, false] {
            try await Market.open { market in
                let grave = try await Grave(market, readsLedger: readsLedger)
                try await grave.killingAtAnswer(number) { url in try grave.payer("pay", at: url, times: 3) }
                #expect(market.upstream.calls == number)
                let wallet = try grave.wallet()
                if reconciles { try await grave.reconcile(wallet) }
                try await grave.paysOn(wallet, paid: number)
            }
        }
    }

    @Test(arguments: ["beginning", "begun", "signed", "sent", "finishing", "finished"], [true, false])
    func `gets a refund once after a death at any step`(step: String, readsLedger: Bool) async throws {
        try await Market.open { market in
            let grave = try await Grave(market, readsLedger: readsLedger)
            #expect(try await grave.payer("pay").end() == 0)
            if step == "sent" {
                try await grave.killingAtAnswer(1) { url in try grave.payer("refund", at: url) }
            } else {
                #expect(try await grave.payer("refund", killedAt: "refund.\(step).1").end() == Self.killed)
            }
            let isDone = ["sent", "finishing", "finished"].contains(step)
            let wallet = try grave.wallet()
            try await grave.reconcile(wallet)
            let refunds = try await wallet.journal.entries().filter { $0.kind == .refund }
            #expect(refunds.map(\.state) == (step == "beginning" ? [] : [isDone ? .paid : .notTaken]) || !readsLedger)
            #expect(refunds.allSatisfy { $0.state != .pending })
            if isDone { #expect(refunds.map(\.charged) == [500]) }
            let account = try await market.ledger.balance(of: wallet.address, token: Market.token.address)
            #expect(account == (isDone ? 990_500 : 990_000))
            try await grave.paysOn(wallet, paid: 1)
        }
    }

    @Test(arguments: ["beginning", "begun", "finishing", "finished"])
    func `withdraws once after a death at any step`(step: String) async throws {
        try await Market.open { market in
            let grave = try await Grave(market, readsLedger: true)
            #expect(try await grave.payer("pay").end() == 0)
            #expect(try await grave.payer("withdraw", killedAt: "withdrawal.\(step).1").end() == Self.killed)
            // Again, which is no second withdrawal, and then to its end.
            #expect(try await grave.payer("withdraw").end() == 0)
            try await market.ledger.advance(blocks: 1, seconds: 2_592_001)
            if ["finishing", "finished"].contains(step) {
                #expect(try await grave.payer("withdraw", killedAt: "withdrawal.\(step).1").end() == Self.killed)
            } else {
                #expect(try await grave.payer("withdraw").end() == 0)
            }
            let wallet = try grave.wallet()
            let channel = try #require(try await wallet.journal.channels().first).id
            let last = try? await wallet.withdraw(channel)
            if step == "finishing" {
                guard case .paid = last else {
                    Issue.record("the withdrawal's end was not seen: \(String(describing: last))")
                    return
                }
            }
            let entries = try await wallet.journal.entries().filter { $0.kind == .withdrawal && $0.state != .refused }
            #expect(entries.map(\.state) == [.paid])
            let balance = try await market.ledger.balance(of: wallet.address, token: Market.token.address)
            #expect(balance == entries.first?.charged.adding(990_000))
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test(
        arguments: [
            "payment.begun.2", "payment.begun.9", "payment.signed.5", "payment.signed.17", "payment.finishing.3",
            "payment.finished.11",
        ], [true, false])
    func `pays nothing twice after a death in the middle of a burst`(place: String, readsLedger: Bool) async throws {
        let configure: @Sendable (inout NodeConfiguration) -> Void = { $0.policy.minimumDeposit = 100_000 }
        try await Market.open(configure: configure) { market in
            let grave = try await Grave(market, readsLedger: readsLedger)
            let payer = try grave.payer("burst", times: 30, killedAt: place)
            #expect(try await payer.end() == Self.killed)
            let wallet = try grave.wallet()
            let client = wallet.client()
            for _ in 1...2 {
                let answer = try await client.execute(PayingRequest(url: market.url + "/weather"))
                #expect(answer.receipt?.charged == Market.price)
            }
            let books = try #require(try await wallet.journal.channels().first).books
            #expect(books.misconduct == nil)
            #expect(try await wallet.journal.channels().count == 1, "one channel, whatever happened")
            // The payee was paid for what was served, and for nothing else.
            #expect(books.charged.units == UInt128(market.upstream.calls) * Market.price.units)
            #expect(try await market.faults(with: wallet) == [])
            let entries = try await wallet.journal.entries(limit: 1000)
            #expect(entries.count { $0.state == .paid } == market.upstream.calls)
            #expect(entries.filter { $0.state == .pending || $0.state == .unknown } == [])
            #expect(try await market.ledger.snapshot(of: books.id)?.balance == 100_000, "one deposit")
        }
    }

    @Test func `leaves its channel to another process when it is killed with it`() async throws {
        try await Market.open { market in
            let grave = try await Grave(market, readsLedger: true)
            #expect(try await grave.payer("pay").end() == 0)
            let bell = Mutex<PayerProcess?>(nil)
            // The first dies while it waits for its answer; the second has been waiting for the channel since.
            try await FaultProxy.run(
                before: market.port, seed: 0, patience: .seconds(1),
                beforeAnswer: { request in
                    guard request.value(of: "payment-signature") != nil else { return }
                    let second = try? grave.payer("pay", times: 3)
                    try? await Task.sleep(for: .milliseconds(300))
                    #expect(market.upstream.calls == 2)
                    bell.withLock { bell in
                        bell?.kill()
                        bell = second
                    }
                }
            ) { proxy in
                try await proxy.heal()
                let first = try grave.payer("pay", at: proxy.url + "/weather")
                bell.withLock { $0 = first }
                #expect(try await first.end() == Self.killed)
            }
            let second = try #require(bell.withLock { $0 })
            #expect(try await second.end() == 0)
            try await grave.paysOn(try grave.wallet(), paid: 5)
        }
    }
}

/// A wallet's folder that outlives its processes.
private struct Grave: Sendable {
    let market: Market
    let readsLedger: Bool
    let folder: WalletFolder
    let key: String
    let signer: KeySigner

    init(_ market: Market, readsLedger: Bool) async throws {
        self.market = market
        self.readsLedger = readsLedger
        folder = WalletFolder(path: market.folder.path(percentEncoded: false) + "/wallet")
        let bytes = (0..<32).map { _ in UInt8.random(in: 1...254) }
        key = Hex.encode(bytes)
        guard let secret = PrivateKey(bytes) else { throw CancellationError() }
        signer = KeySigner(secret)
        try await market.ledger.mint(to: signer.address, token: Market.token.address, amount: 1_000_000)
    }

    func payer(
        _ action: String, at url: String? = nil, times: Int = 1, killedAt place: String = "never"
    ) throws -> PayerProcess {
        try PayerProcess(
            action, at: url ?? market.url + "/weather", times: times, key: key, folder: folder,
            ledger: readsLedger || action == "withdraw" ? market.node.configuration.ledgerPath : nil, killedAt: place)
    }

    func wallet() throws -> Wallet { try market.wallet(signer: signer, readsLedger: readsLedger, folder: folder) }

    func reconcile(_ wallet: Wallet) async throws {
        for channel in try await wallet.journal.channels() {
            let client = wallet.client()
            _ = try await wallet.reconcile(channel.id, through: channel.usedAt == nil ? nil : client)
        }
    }

    /// Kills a payer when the answer to its payment with this number is there, and not yet on its way to it.
    func killingAtAnswer(_ number: Int, _ start: (String) throws -> PayerProcess) async throws {
        let victim = Mutex<PayerProcess?>(nil)
        let rest = Mutex(number)
        let trap: @Sendable (HTTPMessage) async -> Void = { request in
            guard request.value(of: "payment-signature") != nil else { return }
            let isHere = rest.withLock { rest in
                rest -= 1
                return rest == 0
            }
            if isHere { victim.withLock { $0?.kill() } }
        }
        try await FaultProxy.run(
            before: market.port, seed: 0, patience: .seconds(1), beforeAnswer: trap
        ) { proxy in
            try await proxy.heal()
            let payer = try start(proxy.url + "/weather")
            victim.withLock { $0 = payer }
            #expect(try await payer.end() == KilledPayerTests.killed)
        }
    }

    /// Pays twice more, and looks at all the books.
    func paysOn(_ wallet: Wallet, paid before: Int) async throws {
        let client = wallet.client()
        for _ in 1...2 {
            let answer = try await client.execute(PayingRequest(url: market.url + "/weather"))
            #expect(answer.receipt?.charged == Market.price)
        }
        let calls = before + 2
        #expect(market.upstream.calls == calls)
        #expect(try await market.faults(with: wallet) == [])
        let entries = try await wallet.journal.entries()
        #expect(entries.count { $0.kind == .payment && $0.state == .paid } == calls)
        let open = entries.filter { $0.kind != .refund && ($0.state == .pending || $0.state == .unknown) }
        #expect(open == [])
        let books = try #require(try await wallet.journal.channels().first).books
        #expect(books.charged.units == UInt128(calls) * Market.price.units)
        // One deposit, whatever happened.
        let snapshot = try #require(try await market.ledger.snapshot(of: books.id))
        let returned = entries.filter { $0.kind == .refund && $0.state == .paid }
            .reduce(Amount.zero) { $0.adding($1.charged) ?? .max }
        #expect(snapshot.balance.adding(returned) == 10_000)
    }
}
