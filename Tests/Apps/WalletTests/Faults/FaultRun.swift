// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Foundation
import NIOCore
import NIOHTTP1

/// A few payments over a bad network, and then a look at all the books.
struct FaultRun: Sendable {
    let seed: UInt64
    let market: Market

    /// How long the client waits for an answer.
    private static let patience = Duration.milliseconds(150)
    private static let minted: UInt128 = 200_000

    var readsLedger: Bool { seed % 2 == 0 }
    var stripsExtensions: Bool { seed / 2 % 2 == 0 }

    /// What came of the run: all that is wrong, and what was done.
    struct Report: Sendable {
        var faults: [String] = []
        var payments = 0
        var receipts = 0
        /// All that receipts came to.
        var received = Amount.zero
        var refunds = 0
        var restarts = 0
        var injected: [Fault] = []
        var steps: [String] = []
    }

    func run() async throws -> Report {
        try await FaultProxy.run(
            before: market.port, seed: seed &* 7919, patience: Self.patience, stripsExtensions: stripsExtensions
        ) { proxy in
            try await walk(through: proxy)
        }
    }

    // MARK: - Walking

    private func walk(through proxy: FaultProxy) async throws -> Report {
        var generator = SeededGenerator(seed: seed)
        var report = Report()
        let signer = KeySigner(.random())
        try await market.ledger.mint(
            to: signer.address, token: Market.token.address, amount: Amount(units: Self.minted))
        let restarts = Int.random(in: 0..<4, using: &generator) == 0
        let folder = restarts ? WalletFolder(path: market.folder.path(percentEncoded: false) + "/wallet-\(seed)") : nil
        let channels = Int.random(in: 0..<5, using: &generator) == 0 ? 2 : 1
        var wallet = try market.wallet(signer: signer, channels: channels, readsLedger: readsLedger, folder: folder)
        let repeats = Int.random(in: 0...2, using: &generator)
        for _ in 0..<Int.random(in: 2...5, using: &generator) {
            let client = wallet.client(options: Self.options(repeats: repeats))
            switch Int.random(in: 0..<12, using: &generator) {
            case 0 where folder != nil, 1 where folder != nil:
                wallet = try market.wallet(
                    signer: signer, channels: channels, readsLedger: readsLedger, folder: folder)
                report.restarts += 1
                report.steps.append("restart")
            case 2:
                // Without identifiers and without the ledger, nobody can tell one partial refund from two.
                let canTell = readsLedger || !stripsExtensions
                await refund(canTell && .random(using: &generator) ? 2000 : nil, of: wallet, through: client, &report)
            case 3:
                async let other = pay(at: proxy, "b", client)
                let one = await pay(at: proxy, "a", client)
                report.count(one)
                report.count(await other)
            case 4:
                report.count(
                    await pay(at: proxy, "metered?cost=\(Int.random(in: 0...1000, using: &generator))", client))
            case 5: report.count(await pay(at: proxy, "fail", client))
            case 6, 7: report.count(await pay(at: proxy, "cheap", client))
            default: report.count(await pay(at: proxy, "x", client))
            }
        }
        try await proxy.heal()
        report.injected = proxy.log
        try await settle(wallet, proxy, &generator, &report)
        report.faults += try await audit(wallet, report)
        return report
    }

    /// After the storm: a payment and a look at the books, in either order.
    private func settle(
        _ wallet: Wallet, _ proxy: FaultProxy, _ generator: inout SeededGenerator, _ report: inout Report
    ) async throws {
        let client = wallet.client(options: Self.options(repeats: 0, patience: .seconds(30)))
        let reconcilesFirst = Bool.random(using: &generator)
        if reconcilesFirst { try await reconcile(wallet, client, &report) }
        let healed = await pay(at: proxy, "healed", client)
        report.count(healed)
        if healed.charged == nil { report.faults.append("the healed payment failed: \(healed.text)") }
        if !reconcilesFirst { try await reconcile(wallet, client, &report) }
    }

    private func reconcile(_ wallet: Wallet, _ client: PayingClient, _ report: inout Report) async throws {
        for channel in try await wallet.journal.channels() {
            do {
                let found = try await wallet.reconcile(channel.id, through: client)
                report.steps.append("reconciled \(found.remarks)")
            } catch { report.steps.append("reconcile: \(error)") }
        }
    }

    struct Payment: Sendable {
        var charged: Amount?
        var text: String
    }

    private func pay(at proxy: FaultProxy, _ path: String, _ client: PayingClient) async -> Payment {
        do {
            let answer = try await client.execute(PayingRequest(url: "\(proxy.url)/run-\(seed)/\(path)"))
            // The body may still break off.
            let body = (try? await answer.text).map { "\($0.count) bytes" } ?? "a broken body"
            return Payment(
                charged: answer.receipt?.charged,
                text: "\(path): \(answer.response.status.code), \(body), charged \(answer.receipt?.charged ?? 0)")
        } catch { return Payment(charged: nil, text: "\(path): \(error)") }
    }

    private func refund(
        _ amount: Amount?, of wallet: Wallet, through client: PayingClient, _ report: inout Report
    ) async {
        do {
            guard let channel = try await wallet.journal.channels().first else { return }
            report.refunds += 1
            let given = try await wallet.refund(channel.id, amount: amount, through: client)
            report.steps.append("refund \(amount.map { "\($0)" } ?? "all"): \(given)")
        } catch { report.steps.append("refund \(amount.map { "\($0)" } ?? "all"): \(error)") }
    }

    private static func options(repeats: Int, patience: Duration = patience) -> PayingClient.Options {
        PayingClient.Options(timeout: TimeAmount(patience), repeats: repeats, pause: .milliseconds(20))
    }

    // MARK: - Counting

    private func audit(_ wallet: Wallet, _ report: Report) async throws -> [String] {
        var faults: [String] = []
        var held = try await market.ledger.balance(of: wallet.address, token: Market.token.address)
        let entries = try await wallet.journal.entries(limit: 1000)
        var charged = Amount.zero
        for channel in try await wallet.journal.channels() {
            let payee = try await market.payee(channel.id)?.charged ?? .zero
            if payee != channel.books.charged {
                faults.append("the payee charged \(payee), the payer knows of \(channel.books.charged)")
            }
            let balance = try await market.ledger.snapshot(of: channel.id)?.balance ?? .zero
            if balance != channel.books.balance {
                faults.append("the ledger holds \(balance), the payer knows of \(channel.books.balance)")
            }
            if channel.books.phase != .idle { faults.append("a channel is left \(channel.books.phase)") }
            held = held.adding(balance) ?? .max
            charged = charged.adding(payee) ?? .max
        }
        if held.units != Self.minted { faults.append("of \(Self.minted) only \(held) are left, spent ones included") }
        let paid = entries.filter { $0.kind == .payment && $0.state == .paid }
        let written = paid.reduce(Amount.zero) { $0.adding($1.charged) ?? .max }
        if written != charged { faults.append("the journal says \(written) was paid, the payee charged \(charged)") }
        if report.received > charged { faults.append("receipts say \(report.received), the payee charged \(charged)") }
        let calls = market.upstream.calls(below: "/run-\(seed)/")
        if paid.count > calls { faults.append("\(paid.count) payments were taken for \(calls) calls") }
        if report.receipts > paid.count { faults.append("\(report.receipts) receipts for \(paid.count) payments") }
        if report.receipts > calls { faults.append("\(report.receipts) answers for \(calls) calls") }
        if readsLedger {
            for entry in entries where entry.state == .pending || entry.state == .unknown {
                faults.append("entry \(entry.id) (\(entry.kind)) is left \(entry.state), \(entry.code ?? "")")
            }
        }
        return faults
    }
}

extension FaultRun.Report {
    mutating func count(_ payment: FaultRun.Payment) {
        payments += 1
        steps.append(payment.text)
        guard let charged = payment.charged else { return }
        receipts += 1
        received = received.adding(charged) ?? .max
    }
}
