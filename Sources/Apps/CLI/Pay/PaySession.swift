// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import FarthingX402
import Foundation
import NIOHTTP1
import Synchronization

/// The same request, sent and paid for as often as it was asked for.
final class PaySession: Sendable {
    struct Tally: Sendable {
        var started = 0
        var done = 0
        var paid = 0
        var failed = 0
        var inDoubt = 0
        var charged: [Address: Amount] = [:]
        var deposited: [Address: Amount] = [:]
        var network: Network?
        /// What ended the session early.
        var fault: (any Error)?

        mutating func add(_ receipt: PaymentReceipt) {
            paid += 1
            network = receipt.network
            charged[receipt.asset] = (charged[receipt.asset] ?? .zero).adding(receipt.charged) ?? .max
            deposited[receipt.asset] = (deposited[receipt.asset] ?? .zero).adding(receipt.deposited) ?? .max
        }
    }

    private let wallet: Wallet
    private let client: PayingClient
    private let request: PayingRequest
    private let host: String
    private let count: Int
    private let parallel: Int
    private let output: AnswerOutput
    private let names: TokenNames
    private let isQuiet: Bool
    private let state = Mutex(Tally())

    var tally: Tally { state.withLock { $0 } }

    init(
        wallet: Wallet, client: PayingClient, request: PayingRequest, host: String, count: Int, parallel: Int,
        output: AnswerOutput, names: TokenNames, isQuiet: Bool
    ) {
        self.wallet = wallet
        self.client = client
        self.request = request
        self.host = host
        self.count = count
        self.parallel = parallel
        self.output = output
        self.names = names
        self.isQuiet = isQuiet
    }

    /// After a fault no more requests are sent, but those under way come to their end: what was paid for is wanted.
    func run() async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<min(parallel, count) {
                group.addTask { [self] in
                    while start() {
                        do { try await once() } catch { state.withLock { $0.fault = $0.fault ?? error } }
                    }
                }
            }
        }
    }

    private func start() -> Bool {
        guard !Task.isCancelled else { return false }
        return state.withLock { tally in
            guard tally.started < count, tally.fault == nil else { return false }
            tally.started += 1
            return true
        }
    }

    private func once() async throws {
        let paid = try await client.execute(request)
        if let stream = paid.stream { return try await follow(stream, of: paid) }
        var left: Amount?
        if let channel = paid.receipt?.channel { left = try? await wallet.journal.overview(of: channel)?.spendable }
        let answer = Answer(paid: paid, left: left)
        let done = state.withLock { tally in
            tally.done += 1
            if !answer.isFine { tally.failed += 1 }
            if paid.isInDoubt { tally.inDoubt += 1 }
            if let receipt = paid.receipt { tally.add(receipt) }
            return tally.done
        }
        await tell(answer, done: done)
        try await output.deliver(answer)
    }

    /// Brings the body of a stream out while it is paid for.
    private func follow(_ stream: StreamPayments, of paid: PaidResponse) async throws {
        let answer = Answer(paid: paid, left: nil)
        let progress = Task { await showProgress(of: stream) }
        let result: Result<Void, any Error>
        do {
            try await output.deliver(answer)
            result = .success(())
        } catch {
            // What is under way is answered once the server has seen that nobody reads any more.
            stream.stop()
            result = .failure(error)
        }
        await Task { await stream.finish(within: .seconds(10)) }.value
        progress.cancel()
        await progress.value
        let doubts = stream.doubts
        state.withLock { tally in
            tally.done += 1
            if doubts > 0 { tally.inDoubt += 1 }
            if let receipt = stream.receipt { tally.add(receipt) }
        }
        if !isQuiet { Console.error(await line(stream)) }
        try result.get()
    }

    private func showProgress(of stream: StreamPayments) async {
        guard !isQuiet, isatty(FileHandle.standardError.fileDescriptor) == 1 else { return }
        while (try? await Task.sleep(for: .milliseconds(500))) != nil {
            Console.progress(await line(stream))
        }
        Console.progress("")
    }

    /// `paid 0.0013 USDC to HOST for 12.7 KiB in 13 payments (channel …)`, or `for up to 6 s in 3 payments`.
    private func line(_ stream: StreamPayments) async -> String {
        let tenths = stream.received * 10 / 1024
        let seconds = UInt64(clamping: stream.payments).multipliedReportingOverflow(by: stream.tariff.stretch)
        let sold =
            stream.tariff.unit == .second ? "up to \(seconds.partialValue) s" : "\(tenths / 10).\(tenths % 10) KiB"
        let much = "\(sold) in \(stream.payments) payments"
        guard let receipt = stream.receipt else { return "nothing paid to \(host) yet, for \(much)" }
        let token = await names.token(receipt.asset, on: receipt.network)
        var line = "paid \(TokenNames.text(receipt.charged, token, receipt.asset)) to \(host) for \(much)"
        var remarks = receipt.channel.map { ["channel \($0.short)"] } ?? []
        if !receipt.deposited.isZero { remarks.append("\(TokenNames.bare(receipt.deposited, token)) deposited") }
        if stream.doubts > 0 { remarks.append("\(stream.doubts) not known to be paid") }
        if let end = stream.status?.end { remarks.append(end.rawValue) }
        if !remarks.isEmpty { line += " (\(remarks.joined(separator: ", ")))" }
        return line
    }

    // MARK: - What is said of the money

    private func tell(_ answer: Answer, done: Int) async {
        guard !isQuiet else { return }
        if count > 1, isatty(FileHandle.standardError.fileDescriptor) == 1 {
            return Console.progress("\(done)/\(count)", isLast: done == count)
        }
        Console.error(await line(answer))
    }

    private func line(_ answer: Answer) async -> String {
        guard let receipt = answer.paid.receipt else {
            if answer.paid.isUncharged {
                return "not charged: \(host) answered \(answer.response.status.code) and took nothing for it"
            }
            return answer.paid.isInDoubt
                ? "not known to be paid: \(host) answered \(answer.response.status.code) without a receipt"
                : "free: \(host) answered \(answer.response.status.code) and asked for nothing"
        }
        let token = await names.token(receipt.asset, on: receipt.network)
        var line = "paid \(TokenNames.text(receipt.charged, token, receipt.asset)) to \(host)"
        var remarks: [String] = []
        if let channel = receipt.channel { remarks.append("channel \(channel.short)") }
        if !receipt.deposited.isZero { remarks.append("\(TokenNames.bare(receipt.deposited, token)) deposited") }
        if let left = answer.left { remarks.append("\(TokenNames.bare(left, token)) left") }
        if !remarks.isEmpty { line += " (\(remarks.joined(separator: ", ")))" }
        return line
    }

    /// `paid 0.02 USDC in 20 requests, 0.01 USDC deposited, 85.1 requests/s`.
    func summary(after elapsed: Duration) async -> String {
        let tally = tally
        var sums: [String] = []
        var deposits: [String] = []
        for (asset, sum) in tally.charged.sorted(by: { $0.key.checksummed < $1.key.checksummed }) {
            guard let network = tally.network else { continue }
            sums.append(await names.text(sum, asset, on: network))
            if let deposited = tally.deposited[asset], !deposited.isZero {
                deposits.append(await names.text(deposited, asset, on: network))
            }
        }
        var parts = ["\(tally.done) of \(count) answered, \(tally.paid) paid"]
        if !sums.isEmpty { parts.append("\(sums.joined(separator: " and ")) in all") }
        if !deposits.isEmpty { parts.append("\(deposits.joined(separator: " and ")) deposited") }
        if tally.failed > 0 { parts.append("\(tally.failed) with 400 or above") }
        if tally.inDoubt > 0 { parts.append("\(tally.inDoubt) not known to be paid") }
        parts.append("\(Self.rate(tally.done, elapsed)) requests/s")
        return "total: " + parts.joined(separator: ", ")
    }

    /// Requests in a second, with one decimal place.
    static func rate(_ count: Int, _ elapsed: Duration) -> String {
        let tenths = Int((Double(count) * 10 / max(elapsed / .seconds(1), 0.000_001)).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
