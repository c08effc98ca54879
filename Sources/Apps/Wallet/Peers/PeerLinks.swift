// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPeerPayments
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Synchronization

/// One stream to each peer, which carries all that is asked of it.
final class PeerLinks<Peer: Hashable & Sendable>: Sendable {
    /// Opens a stream; throws `PeerLinkError.unreachable(code:message:)` with the reason when it cannot.
    typealias Opening = @Sendable () async throws -> any PeerByteStream

    private let links = Mutex<[Peer: Task<PeerLink, any Error>]>([:])

    /// Asks a peer, over the stream that there is or over a new one.
    ///
    /// - Throws: `RequestNotSent` when the body cannot be read or is too long, and when no stream came about, be it that
    ///   nobody waits for one any more; `PeerLinkError` afterwards.
    func carry(
        _ request: HTTPClientRequest, to peer: Peer, target: String, timeout: TimeAmount, opening: @escaping Opening
    ) async throws -> HTTPClientResponse {
        let outgoing: PeerRequest
        do { outgoing = try await PeerRequest(request, target: target) } catch { throw Self.notSent(error) }
        let deadline = ContinuousClock.now + .nanoseconds(timeout.nanoseconds)
        let link: PeerLink
        do { link = try await Self.before(deadline) { try await self.link(to: peer, opening) } } catch {
            throw Self.notSent(error)
        }
        let reply = try await Self.before(deadline) { try await link.send(outgoing) }
        return HTTPClientResponse(
            status: HTTPResponseStatus(statusCode: reply.status), headers: HTTPHeaders(reply.headers),
            body: .stream(PeerBodyBuffers(body: reply.body)))
    }

    private static func notSent(_ error: any Error) -> RequestNotSent {
        RequestNotSent(reason: (error as? any ExplainedError)?.message.unended ?? "\(type(of: error))")
    }

    /// - Throws: `PeerLinkError.timeout`, or what the work throws.
    private static func before<Result: Sendable>(
        _ deadline: ContinuousClock.Instant, _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let (results, told) = AsyncThrowingStream.makeStream(of: Result.self)
        // No group of tasks: it would wait for work that does not hear that it is cancelled, as long as that takes.
        let working = Task {
            do { told.yield(try await work()) } catch { told.finish(throwing: error) }
        }
        let alarm = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            told.finish(throwing: PeerLinkError.timeout)
        }
        defer {
            working.cancel()
            alarm.cancel()
        }
        for try await first in results { return first }
        try Task.checkCancellation()
        throw PeerLinkError.closed
    }

    /// The stream to a peer; those who ask while it is being opened wait for the same one.
    private func link(to peer: Peer, _ opening: @escaping Opening) async throws -> PeerLink {
        let known = links.withLock { $0[peer] }
        if let link = try? await known?.value, !link.isClosed { return link }
        let opening = links.withLock { links in
            // Somebody else may have seen before that it was closed.
            if let newer = links[peer], newer != known { return newer }
            let task = Task { PeerLink(try await opening()) }
            links[peer] = task
            return task
        }
        return try await opening.value
    }
}

extension PeerRequest {
    /// - Throws: ``PeerLinkError/bodyTooLong(_:)``, or what reading the body throws.
    fileprivate init(_ request: HTTPClientRequest, target: String) async throws {
        var headers = HTTPFields(request.headers, splitCookie: false)
        var payment: [UInt8] = []
        if let name = HTTPField.Name("PAYMENT-SIGNATURE"), let header = headers[name] {
            payment = try Base64.decode(header, maximumBytes: PeerLimits.longestFrame / 2)
            headers[name] = nil
        }
        var body = ByteBuffer()
        if let sent = request.body {
            for try await part in sent {
                guard part.readableBytes <= PeerLimits.requestBody - body.readableBytes else {
                    throw PeerLinkError.bodyTooLong(PeerLimits.requestBody)
                }
                body.writeImmutableBuffer(part)
            }
        }
        self.init(
            method: request.method.rawValue, target: target, headers: headers, payment: payment,
            body: Array(body.readableBytesView))
    }
}

/// A body as AsyncHTTPClient hands it on.
private struct PeerBodyBuffers: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let body: PeerReplyBody

    func makeAsyncIterator() -> Iterator { Iterator(base: body.makeAsyncIterator()) }

    struct Iterator: AsyncIteratorProtocol {
        var base: PeerReplyBody.AsyncIterator
        mutating func next() async throws -> ByteBuffer? { try await base.next().map { ByteBuffer(bytes: $0) } }
    }
}
