// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Foundation
import Logging
import NIOCore
import NIOHTTP1

/// The demo's payer: a wallet with a journal on the disk, and the client that pays out of it.
struct DemoPayer: Sendable {
    /// For how many requests a deposit is enough.
    private static let depositedRequests: UInt128 = 50

    let scheme: PaymentScheme
    private let wallet: Wallet
    private let client: PayingClient
    private let http: HTTPClient
    private let channels: Int

    var address: Address { wallet.address }

    init(
        scheme: PaymentScheme, journal path: String, options: Demo.Options, token: Token, view: any SettlementView,
        clock: @escaping @Sendable () -> Instant, logger: Logger
    ) throws {
        self.scheme = scheme
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
        var limits = SpendingLimits()
        limits.depositTarget = options.price.multiplied(by: Self.depositedRequests)
        let pattern = TokenPattern(network: view.domain.network, address: token.address)
        wallet = Wallet(
            journal: try Journal(path: path), lockFolder: nil,
            signer: KeySigner(PrivateKey.random(), accounts: view.domain.accounts),
            policy: SpendingPolicy(tokenLimits: [pattern: limits]), views: [view],
            options: Wallet.Options(
                channelsPerPayee: options.channels, schemes: PaymentSchemeName.wire(of: scheme.rawValue).map { [$0] },
                payeesPerDeposit: 1),
            logger: logger, clock: clock)
        http = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))
        client = PayingClient(
            desks: wallet.desks, offers: wallet.offers, options: PayingClient.Options(timeout: .seconds(10)),
            carrier: http)
        channels = options.channels
    }

    func shutdown() async throws { try await http.shutdown() }

    /// Sends paid requests: the first alone, which learns what the gate asks for, then as many at once as there are
    /// channels.
    ///
    /// - Parameter gate: Such as `http://127.0.0.1:8402`.
    /// - Returns: How long each took, shortest first.
    func spend(
        _ count: Int, at gate: String, progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [Duration] {
        let counter = RequestCounter(limit: count, progress: progress)
        let first = try await spendNext(of: counter, at: gate)
        return try await withThrowingTaskGroup(of: [Duration].self) { group in
            for _ in 0..<max(1, min(channels, count)) {
                group.addTask {
                    var times: [Duration] = []
                    while let time = try await spendNext(of: counter, at: gate) { times.append(time) }
                    return times
                }
            }
            return try await group.reduce(into: first.map { [$0] } ?? []) { $0 += $1 }.sorted()
        }
    }

    /// - Returns: How long it took; `nil` when none is left.
    private func spendNext(of counter: RequestCounter, at gate: String) async throws -> Duration? {
        guard let number = await counter.next() else { return nil }
        let city = DemoUpstream.cities[number % DemoUpstream.cities.count]
        let start = ContinuousClock.now
        try await buy(gate + "/weather/\(city)")
        let time = ContinuousClock.now - start
        await counter.finished()
        return time
    }

    private func buy(_ url: String) async throws {
        let answer = try await client.execute(PayingRequest(url: url))
        let body = try await answer.response.body.collect(upTo: 1024 * 1024)
        guard answer.response.status == .ok, answer.receipt != nil else {
            throw DemoFault.unexpected(status: answer.response.status.code, body: String(buffer: body))
        }
    }

    /// Asks for all that is left, channel after channel.
    ///
    /// - Parameter progress: Told after each how many are done, of how many.
    func refundAll(progress: (Int, Int) -> Void) async throws -> Amount {
        var total = Amount.zero
        // A channel that was spent to the last unit has nothing to give back.
        let open = try await wallet.journal.channels().filter { !$0.books.refundable.isZero }
        for (number, channel) in open.enumerated() {
            total = total.adding(try await wallet.refund(channel.id, through: client)) ?? .max
            progress(number + 1, open.count)
        }
        // A two-way channel pays its payee when it ends, and not before.
        let closable = try await wallet.journal.overviews().filter { $0.isClosable && $0.status != "closed" }
        for (number, channel) in closable.enumerated() {
            total = total.adding(try await wallet.close(channel.id, through: client)) ?? .max
            progress(number + 1, closable.count)
        }
        return total
    }

    /// Takes back what is still locked, from channels that have run out.
    ///
    /// - Parameter progress: Told after each how many are done, of how many.
    func reclaimAll(progress: (Int, Int) -> Void) async throws -> Amount {
        var total = Amount.zero
        // What the books think is used up may be there still: tickets that did not win took nothing.
        let channels = try await wallet.journal.overviews()
        for (number, channel) in channels.enumerated() {
            defer { progress(number + 1, channels.count) }
            guard case .paid(let amount) = try await wallet.withdraw(channel.id) else { continue }
            total = total.adding(amount) ?? .max
        }
        return total
    }
}

/// Why a demo stopped: the gate did not do what it should.
enum DemoFault: ExplainedError {
    case unexpected(status: UInt, body: String)

    var code: String { "demo.unexpected-answer" }
    var message: String {
        switch self {
        case .unexpected(let status, let body): "The gate answered \(status): \(body.prefix(300))"
        }
    }
    var remedy: String? { nil }
}

/// Hands out requests, and tells how many are done.
private actor RequestCounter {
    private let limit: Int
    private let progress: @Sendable (Int) -> Void
    private var started = 0
    private var done = 0

    init(limit: Int, progress: @escaping @Sendable (Int) -> Void) {
        self.limit = limit
        self.progress = progress
    }

    func next() -> Int? {
        guard started < limit else { return nil }
        started += 1
        return started - 1
    }

    func finished() {
        done += 1
        progress(done)
    }
}
