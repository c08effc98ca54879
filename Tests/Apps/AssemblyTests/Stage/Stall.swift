// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingMemoryStore
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing

@testable import FarthingHTTP402

/// A payment server on a free port, over real books.
final class Stall: Sendable {
    static let price = units(100)

    let till: Till
    let port: Int
    private let services: ServiceGroup
    private let book: AskBook

    /// Who asked the handler: the connection's own thread, or a task.
    struct Asked: Hashable {
        var quickly = 0
        var slowly = 0
    }

    private final class AskBook: Sendable {
        let asked = Mutex(Asked())

        func answer(_ request: PromptRequest) -> PromptAnswer? {
            asked.withLock { asked in
                if MultiThreadedEventLoopGroup.currentEventLoop == nil { asked.slowly += 1 } else { asked.quickly += 1 }
            }
            return switch request.target {
            case "/paid/none": nil
            case "/paid/failing": PromptAnswer(status: .badGateway, contentType: "text/plain", body: Array("no".utf8))
            case "/paid/empty": PromptAnswer(status: .noContent, contentType: "text/plain", body: [])
            case "/paid/moved": PromptAnswer(status: .found, contentType: "text/plain", body: Array("there".utf8))
            case "/paid/broken": PromptAnswer(contentType: "text/plain\r\nx-forged: yes", body: Array("broken".utf8))
            case "/paid/long": PromptAnswer(contentType: "text/plain", body: [UInt8](repeating: 0x61, count: 16_384))
            case "/paid/longest":
                PromptAnswer(
                    contentType: "text/plain", body: [UInt8](repeating: 0x61, count: PaymentBatch.maximumAnswer))
            case "/free/vast", "/paid/vast":
                PromptAnswer(contentType: "text/plain", body: [UInt8](repeating: 0x61, count: 1 << 20))
            default: .text("\(request.method) \(request.target)")
            }
        }
    }

    private init(_ till: Till, port: Int, services: ServiceGroup, book: AskBook) {
        self.till = till
        self.port = port
        self.services = services
        self.book = book
    }

    var asked: Asked { book.asked.withLock { $0 } }

    /// Serves for as long as the closure runs; what the server then still has to do is waited for.
    static func open(
        store: any ChannelStore = MemoryStore(), requiresIdentifier: Bool = false,
        requestTimeout: TimeAmount = .minutes(5), idleTimeout: TimeAmount = .minutes(5),
        _ body: @Sendable (Stall) async throws -> Void
    ) async throws {
        let till = try await Till.open(store: store)
        let prices = PriceList([
            PriceList.Route(pattern: try #require(PathPattern("/paid/**")), price: .upTo(price)),
            PriceList.Route(pattern: try #require(PathPattern("/free/**")), price: .free),
        ])
        let book = AskBook()
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var server = PaymentServer(
            gate: Gate(prices: prices, desk: till.desk, requiresIdentifier: requiresIdentifier),
            address: .hostname("127.0.0.1", port: 0), logger: till.log.logger,
            onListening: { port in
                if let port { listening.yield(port) }
                listening.finish()
            }, handler: { book.answer($0) })
        server.requestTimeout = requestTimeout
        server.idleTimeout = idleTimeout
        let services = ServiceGroup(configuration: .init(services: [server], logger: till.log.logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let port = try #require(await ports.first { _ in true })
            do {
                try await body(Stall(till, port: port, services: services, book: book))
            } catch {
                await services.triggerGracefulShutdown()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    /// Asks the server to stop, and does not wait.
    func stop() async { await services.triggerGracefulShutdown() }

    // MARK: - Requests

    static func get(_ target: String, _ fields: String...) -> String {
        (["GET \(target) HTTP/1.1", "Host: stall.test"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// A request that its payer signs for, on top of all that it signed before.
    func paid(
        _ target: String = "/paid/tea", by customer: inout Customer, depositing deposit: UnverifiedDeposit? = nil,
        ahead: Bool = false, _ fields: String...
    ) throws -> String {
        let header = try header(by: &customer, depositing: deposit, ahead: ahead)
        return (["GET \(target) HTTP/1.1", "Host: stall.test", header] + fields).joined(separator: "\r\n") + "\r\n\r\n"
    }

    func header(
        by customer: inout Customer, depositing deposit: UnverifiedDeposit? = nil, ahead: Bool = false
    ) throws -> String {
        let payment = customer.pay(try till.offer(Self.price), depositing: deposit)
        customer.adopt(try #require(customer.charged.adding(Self.price)))
        let echo = ahead ? SigningAhead.echo(of: till.desk.extensions(highest: Self.price)) : nil
        return "PAYMENT-SIGNATURE: "
            + PaymentPayload(accepted: payment.accepted, payload: payment.payload, extensions: echo).header
    }

    /// A payer whose first request was served, so that the server knows it.
    func regular(_ number: UInt64, holding amount: Amount = units(1_000_000)) async throws -> Customer {
        var customer = try await till.customer(number, holding: amount)
        let request = try paid(by: &customer)
        try #require(try await ask(request).status == 200)
        return customer
    }

    /// Sends a request on a connection of its own and reads the answer to it.
    func ask(_ request: String) async throws -> RawClient.Reply {
        try await RawClient.open(port) { try await $0.ask(request) }
    }

    func charged(_ customer: Customer) async throws -> Amount { try await till.state(of: customer).charged }
}
