// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Foundation
import NIOCore
import NIOHTTP1

/// Pays for requests out of several channels at once, one request at a time in each.
struct DemoWallet: Sendable {
    private let key: KeySigner
    private let gate: String
    private let domain: SettlementDomain
    private let token: Token
    private let client = HTTPClient(eventLoopGroupProvider: .singleton)
    private let purses: Purses

    var address: Address { key.address }

    init(gate: String, domain: SettlementDomain, token: Token) {
        key = KeySigner(PrivateKey.random())
        self.gate = gate
        self.domain = domain
        self.token = token
        purses = Purses()
    }

    func shutdown() async throws { try await client.shutdown() }

    /// Sends paid requests.
    ///
    /// - Returns: How long each took, shortest first.
    func spend(
        _ count: Int, over channels: Int, progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [Duration] {
        let offer = try await offer()
        let counter = RequestCounter(limit: count, progress: progress)
        return try await withThrowingTaskGroup(of: [Duration].self) { group in
            for index in 0..<max(1, min(channels, count)) {
                group.addTask {
                    var purse = try Purse(index: index, offer: offer, payer: key, domain: domain, token: token)
                    var times: [Duration] = []
                    while let number = await counter.next() {
                        let city = DemoUpstream.cities[number % DemoUpstream.cities.count]
                        let start = ContinuousClock.now
                        let answer = try await get("/weather/\(city)", paying: purse.payment())
                        try purse.settle(answer)
                        times.append(ContinuousClock.now - start)
                        await counter.finished()
                    }
                    await purses.keep(purse)
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }.sorted()
        }
    }

    /// Asks for all that is left, channel after channel.
    func refundAll() async throws -> Amount {
        var total = Amount.zero
        for var purse in await purses.all where !purse.isUnused {
            let answer = try await get("/weather/oslo", paying: purse.refund())
            total = total.adding(try purse.settleRefund(answer)) ?? .max
        }
        return total
    }

    /// The offer of the first 402.
    private func offer() async throws -> JSON {
        let answer = try await get("/weather/oslo", paying: nil)
        guard answer.status == .paymentRequired, let required = answer.required,
            let offer = required["accepts"]?.arrayValue?.first
        else { throw DemoFault.unexpected(status: answer.status.code, body: answer.body) }
        return offer
    }

    private func get(_ path: String, paying payment: PaymentPayload?) async throws -> Answer {
        var request = HTTPClientRequest(url: gate + path)
        if let payment { request.headers.add(name: "PAYMENT-SIGNATURE", value: payment.header) }
        let response = try await client.execute(request, timeout: .seconds(10))
        let body = try await response.body.collect(upTo: 1024 * 1024)
        return Answer(
            status: response.status, required: Self.decoded(response.headers, "PAYMENT-REQUIRED"),
            settled: Self.decoded(response.headers, "PAYMENT-RESPONSE"), body: String(buffer: body))
    }

    private static func decoded(_ headers: HTTPHeaders, _ name: String) -> JSON? {
        headers.first(name: name).flatMap { try? Base64.decode($0, maximumBytes: 65_536) }
            .flatMap { try? JSON.parse($0) }
    }

    struct Answer: Sendable {
        let status: HTTPResponseStatus
        let required: JSON?
        let settled: JSON?
        let body: String
    }

    private actor Purses {
        private(set) var all: [Purse] = []
        func keep(_ purse: Purse) { all.append(purse) }
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
