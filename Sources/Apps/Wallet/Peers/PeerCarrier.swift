// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
import FarthingEncodings
public import FarthingHTTP402Client
public import FarthingLibP2P
import FarthingPeerPayments
import HTTPTypes
public import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Synchronization

/// Carries requests to peers over libp2p, and all others over HTTP.
///
///     let carrier = PeerCarrier(host: try await PeerHost.listen())
///     let url = try carrier.learn("/ip4/192.0.2.7/tcp/4001/p2p/12D3KooW…/http-path/weather")
///     let answer = try await wallet.client(carrier: carrier).execute(PayingRequest(url: url))
///
/// One stream to each peer carries all its requests and payments. The peer's id is the host of the URL
/// (`libp2p://12D3KooW…/weather`); whoever answers there has proved it.
public final class PeerCarrier: RequestCarrier {
    /// How long a peer is looked for of which no address is known.
    private static let searchTime = Duration.seconds(5)
    private let host: PeerHost
    private let http: any RequestCarrier
    private let finder: PeerFinder
    private let links = Mutex<[PeerID: Task<PeerLink, any Error>]>([:])

    /// - Parameters:
    ///   - host: Dials peers. It is the caller's, who shuts it down.
    ///   - http: What carries requests to anybody else.
    ///   - finder: Looks on the local network for peers of which no address is known.
    public init(
        host: PeerHost, http: any RequestCarrier = PayingClient.standardHTTPClient, finder: PeerFinder = PeerFinder()
    ) {
        self.finder = finder
        self.host = host
        self.http = http
    }

    /// Remembers where a peer is.
    ///
    /// - Returns: The URL of what is asked for there.
    /// - Throws: ``PeerLocationError``.
    public func learn(_ location: String) throws(PeerLocationError) -> String {
        let location = try PeerLocation(location)
        host.learn([location.address], of: location.peer)
        return location.url
    }

    public func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        guard let place = PeerURL(request.url) else { return try await http.carry(request, timeout: timeout) }
        let outgoing = try await PeerRequest(request, target: place.target)
        let reply = try await withThrowingTaskGroup(of: PeerReply.self) { group in
            group.addTask { try await self.link(to: place.peer).send(outgoing) }
            group.addTask {
                try await Task.sleep(for: .nanoseconds(timeout.nanoseconds))
                throw PeerLinkError.timeout
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw PeerLinkError.closed }
            return first
        }
        return HTTPClientResponse(
            status: HTTPResponseStatus(statusCode: reply.status), headers: HTTPHeaders(reply.headers),
            body: .stream(PeerBodyBuffers(body: reply.body)))
    }

    /// The stream to a peer; those who ask while it is being opened wait for the same one.
    private func link(to peer: PeerID) async throws -> PeerLink {
        let known = links.withLock { $0[peer] }
        if let link = try? await known?.value, !link.isClosed { return link }
        let opening = links.withLock { links in
            // Somebody else may have seen before that it was closed.
            if let newer = links[peer], newer != known { return newer }
            let task = Task { [host, finder] in
                do throws(P2PError) {
                    if host.connection(to: peer) == nil, host.knownAddresses(of: peer).isEmpty {
                        try await finder.find(peer, for: host, within: Self.searchTime)
                    }
                    return PeerLink(try await host.open(PeerSession.protocolName, to: peer))
                } catch {
                    throw PeerLinkError.unreachable(code: error.code, message: error.description)
                }
            }
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
