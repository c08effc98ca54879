// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
import FarthingEncodings
import FarthingPrimitives
import FarthingX402
public import NIOCore
import NIOHTTP1

/// An HTTP client that pays when it is asked to.
///
///     let client = PayingClient(desks: wallet.desks, offers: wallet.offers)
///     let answer = try await client.execute(PayingRequest(url: "https://api.example.com/weather"))
///     print(answer.receipt?.charged, answer.response.status)
///
/// A payment goes along at once when the resource was paid for before; otherwise the server is asked first. What a
/// server may not do between its offer and the payment (raise the price, change the receiver) ends the request.
///
/// Redirects are not followed: a payment is for the host that made the offer.
///
/// - Source: x402 v2, transport HTTP, client.
public final class PayingClient: Sendable {
    public struct Options: Hashable, Sendable {
        /// Until when the head of an answer must be there.
        public var timeout: TimeAmount
        /// How often a request whose answer got lost is sent again, when that cannot cost twice.
        public var repeats: Int
        /// How long to wait before the first repetition; each later one waits twice as long.
        public var pause: TimeAmount
        /// Whether a server that was paid before may name another receiver.
        public var acceptsNewReceivers: Bool

        public init(
            timeout: TimeAmount = .seconds(60), repeats: Int = 2, pause: TimeAmount = .milliseconds(200),
            acceptsNewReceivers: Bool = false
        ) {
            self.timeout = timeout
            self.repeats = max(0, repeats)
            self.pause = pause
            self.acceptsNewReceivers = acceptsNewReceivers
        }
    }

    let desks: [any PayerDesk]
    let offers: any OfferBook
    let options: Options
    let carrier: any RequestCarrier

    /// - Parameters:
    ///   - desks: Who signs, in order of preference among offers of the same rank.
    ///   - offers: Where paid offers are remembered.
    ///   - carrier: What to send with; it must not follow redirects.
    public init(
        desks: [any PayerDesk], offers: any OfferBook = MemoryOfferBook(), options: Options = Options(),
        carrier: any RequestCarrier = PayingClient.standardHTTPClient
    ) {
        self.desks = desks
        self.offers = offers
        self.options = options
        self.carrier = carrier
    }

    /// Follows no redirect, undoes no compression, and lives as long as the process.
    ///
    /// It tells at once when it cannot connect; whoever sends knows whether it is worth another try.
    public static let standardHTTPClient: HTTPClient = {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10)), decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Sends a request, and pays for it when that is asked for and can be.
    ///
    /// When this returns, what it cost is on disk, and the body may still be on its way.
    ///
    /// - Throws: ``PayingError``, or what the desk says against paying.
    public func execute(_ request: PayingRequest) async throws -> PaidResponse {
        let resource = try RequestedResource(method: request.method.rawValue, url: request.url)
        var course = RequestCourse(client: self, request: request, resource: resource)
        return try await course.run()
    }

    /// What a request would cost, without paying for it.
    ///
    /// - Returns: `nil` when nothing is asked for it.
    public func quote(_ request: PayingRequest) async throws -> PaymentPlan? {
        let resource = try RequestedResource(method: request.method.rawValue, url: request.url)
        let course = RequestCourse(client: self, request: request, resource: resource)
        return try await course.quote()
    }
}
