// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import NIOCore
import NIOPosix
import Synchronization

/// A server that lies: it speaks x402 as well as any, keeps all that is signed for it, and takes all that it can.
///
/// Receiver and authorizer are her own keys, so nothing but what payers signed keeps her from their money.
final class Mallory: Sendable {
    /// One request as she sees it.
    struct Visit: Sendable {
        /// Counted from 1, over all requests.
        let number: Int
        /// Counted from 1, over those with a payment; 0 for one without.
        let payments: Int
        let target: String
        let payload: VoucherPayload?
    }

    /// What she answers with.
    struct Answer: Sendable {
        var status = 200
        var headers: [(name: String, value: String)] = []
        var body = "gold\n"
        /// How long she waits before each byte.
        var pause: Duration?
        /// Whether the body never ends.
        var isEndless = false
        /// How long she says that the body is, if that is more than comes: then she waits, and sends no more.
        var announced: Int?
    }

    typealias Trick = @Sendable (Mallory, Visit) async throws -> Answer
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private struct Loot {
        var visits = 0
        var payments = 0
        var payloads: [VoucherPayload] = []
    }

    let url: String
    let market: Market
    let receiver = KeySigner(.random())
    let authorizer = KeySigner(.random())
    private let loot = Mutex(Loot())

    private init(port: Int, market: Market) {
        url = "http://127.0.0.1:\(port)"
        self.market = market
    }

    /// Opens her shop for as long as the body runs.
    static func open<Result: Sendable>(
        beside market: Market, _ trick: @escaping Trick, _ body: (Mallory) async throws -> Result
    ) async throws -> Result {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(to: SocketAddress(ipAddress: "127.0.0.1", port: 0)) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        let mallory = Mallory(port: server.channel.localAddress?.port ?? 0, market: market)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { try? await mallory.serve(connection, trick) }
                        }
                        group.cancelAll()
                    }
                }
            }
            let outcome: Swift.Result<Result, any Error>
            do { outcome = .success(try await body(mallory)) } catch { outcome = .failure(error) }
            try? await server.channel.close()
            try? await group.waitForAll()
            return try outcome.get()
        }
    }

    // MARK: - What she was given

    var visits: Int { loot.withLock { $0.visits } }
    var payments: Int { loot.withLock { $0.payments } }
    var payloads: [VoucherPayload] { loot.withLock { $0.payloads } }

    /// What she may lock in all, each authorisation counted once.
    var authorisedDeposits: Amount {
        var salts = Set<Hash32>()
        var sum = Amount.zero
        for case .deposit(_, _, let deposit) in payloads where salts.insert(deposit.salt).inserted {
            sum = sum.adding(deposit.amount) ?? .max
        }
        return sum
    }

    // MARK: - Serving

    private func serve(_ connection: Connection, _ trick: Trick) async throws {
        try await connection.executeThenClose { inbound, outbound in
            guard let request = try await HTTPMessage.request(from: inbound) else { return }
            let answer = try await trick(self, self.look(at: request))
            var head = "HTTP/1.1 \(answer.status) Whatever\r\n"
            for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
            if !answer.isEndless { head += "Content-Length: \(answer.announced ?? answer.body.utf8.count)\r\n" }
            head += "Connection: close\r\n\r\n"
            if let pause = answer.pause {
                for byte in (head + answer.body).utf8 {
                    try await Task.sleep(for: pause)
                    try await outbound.write(ByteBuffer(bytes: [byte]))
                }
            }
            try await outbound.write(ByteBuffer(string: head + answer.body))
            while answer.isEndless, !Task.isCancelled {
                try await outbound.write(ByteBuffer(repeating: UInt8(ascii: "x"), count: 16 * 1024))
            }
            if answer.announced != nil { try await connection.channel.closeFuture.get() }
        }
    }

    private func look(at request: HTTPMessage) -> Visit {
        let payload = (request.value(of: "payment-signature").flatMap { try? PaymentPayload(header: $0) })
            .flatMap { try? VoucherPayload($0.payload) }
        let target = request.target
        return loot.withLock { loot in
            loot.visits += 1
            if let payload {
                loot.payments += 1
                loot.payloads.append(payload)
            }
            return Visit(
                number: loot.visits, payments: payload == nil ? 0 : loot.payments, target: target, payload: payload)
        }
    }
}
