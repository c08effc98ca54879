// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import HTTPTypes
public import Hummingbird
public import Logging
import NIOCore
import NIOHTTP1

/// Hands requests on to an upstream and its answers back, bodies streaming both ways.
///
/// - Source: RFC 9110, section 7.6 (message forwarding).
public struct Gateway: Sendable {
    /// What a gateway will wait for and carry.
    public struct Limits: Hashable, Sendable {
        /// How long it may take to connect to the upstream, and to find out whether it answers at all.
        public var connectTimeout: Duration
        /// How long the upstream may take until its answer begins.
        public var responseTimeout: Duration
        /// How long the upstream may be silent in the middle of an answer, and the client may leave one unread.
        ///
        /// Where it is less than ``responseTimeout``, that counts.
        public var silenceTimeout: Duration
        /// The longest request body.
        ///
        /// - Unit: bytes.
        public var requestBytes: Int

        public init(
            connectTimeout: Duration = .seconds(5), responseTimeout: Duration = .seconds(30),
            silenceTimeout: Duration = .seconds(30), requestBytes: Int = 64 * 1024 * 1024
        ) {
            self.connectTimeout = connectTimeout
            self.responseTimeout = responseTimeout
            self.silenceTimeout = silenceTimeout
            self.requestBytes = requestBytes
        }

        // One clock runs until an answer begins and between its parts.
        var silence: Duration { max(silenceTimeout, responseTimeout) }
    }

    /// Where requests go, without a slash at the end.
    public let upstream: String
    /// The same as it may be told and logged: `https://host/KEY` is `https://host…`.
    public var shownUpstream: String { Self.shown(upstream) }
    private let client: HTTPClient
    /// For answers that are sold part by part: it has no clock for silence, since an answer may wait for its payer.
    private let patientClient: HTTPClient
    private let limits: Limits

    /// - Parameter upstream: `http` or `https`, host, port and an optional path in front of all paths.
    public init(upstream: String, limits: Limits = Limits()) throws(GatewayFault) {
        self.upstream = try Self.check(upstream)
        self.limits = limits
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = TimeAmount(limits.connectTimeout)
        configuration.timeout.read = TimeAmount(limits.silence)
        // A refused connection is told at once; the payer knows best whether to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        configuration.timeout.read = nil
        patientClient = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Reads the address of an upstream.
    ///
    /// - Returns: The address without a slash at the end.
    @discardableResult
    public static func check(_ upstream: String) throws(GatewayFault) -> String {
        guard let address = UpstreamAddress(upstream) else { throw .badUpstream(upstream) }
        return address.text
    }

    /// The address of an upstream as it may be told and logged: a path may hold a key, so `…` stands for it.
    public static func shown(_ upstream: String) -> String { UpstreamAddress(upstream)?.shown ?? "…" }

    /// Lets requests under way end, and closes the connections.
    public func shutdown() async throws {
        async let other: Void = patientClient.shutdown()
        try await client.shutdown()
        try await other
    }

    /// Whether anything answers at the upstream's address.
    public func isReachable() async -> Bool {
        var request = HTTPClientRequest(url: upstream + "/")
        request.method = .HEAD
        return (try? await client.execute(request, timeout: TimeAmount(limits.connectTimeout))) != nil
    }

    /// Brings a request to the upstream and its answer back.
    ///
    /// - Parameters:
    ///   - address: Who asks; goes into `X-Forwarded-For`.
    ///   - isMetered: Whether the answer is sold part by part (``Gate/sellsStream(_:)``): then it may wait for its payer
    ///     for as long as that takes, and the upstream is silent only while it is asked for more.
    /// - Returns: The upstream's answer, or problem details with status 400, 413, 501, 502, 503 or 504.
    public func respond(
        to request: Request, client address: String? = nil, isMetered: Bool = false, logger: Logger
    ) async throws -> Response {
        // The answer to CONNECT is taken for one without a body, so a body that comes is taken for the next answer.
        guard request.method != .connect else { return problem(.noTunnel, for: request) }
        let length = request.headers[.contentLength].map { Int($0) ?? .max }
        guard length ?? 0 <= limits.requestBytes else {
            return problem(.requestTooLong(limit: limits.requestBytes), for: request)
        }
        var upload: Upload?
        if (length ?? 0) > 0 || (length == nil && request.headers[.transferEncoding] != nil) {
            upload = Upload(request.body, length: length, limit: limits.requestBytes)
        }
        do {
            var forward = forwarded(request, from: address)
            if let upload { forward.body = .stream(upload.body, length: length.map { .known(Int64($0)) } ?? .unknown) }
            let answer = try await (isMetered ? patientClient : client).execute(
                forward, timeout: TimeAmount(limits.responseTimeout))
            return response(answer, upload: upload, isHead: request.method == .head, isMetered: isMetered)
        } catch {
            upload?.stop()
            return problem(for: error, request, logger)
        }
    }

    private func problem(for error: any Error, _ request: Request, _ logger: Logger) -> Response {
        let upstream: Logger.Metadata = ["upstream": "\(shownUpstream)"]
        switch error {
        case let fault as GatewayFault:
            return problem(fault, for: request)
        case let error as HTTPClientError where Self.isTimeout(error):
            logger.warning("The upstream took too long", metadata: upstream)
            return problem(.timeout(after: limits.responseTimeout), for: request)
        case is CancellationError:
            // Whoever looks for faults of the upstream is not to find those that a stop makes.
            logger.info("A request was cut off before it was answered", metadata: upstream)
            return problem(.cutOff, for: request)
        default:
            logger.warning(
                "The upstream cannot be reached", metadata: upstream.merging(["error": "\(error)"]) { $1 })
            return problem(.unreachable, for: request)
        }
    }

    private func problem(_ fault: GatewayFault, for request: Request) -> Response {
        Response(.problem(fault.status, fault), to: request)
    }

    private static func isTimeout(_ error: HTTPClientError) -> Bool {
        error == .deadlineExceeded || error == .readTimeout || error == .connectTimeout
            || error == .getConnectionFromPoolTimeout
    }

    private func forwarded(_ request: Request, from address: String?) -> HTTPClientRequest {
        var forward = HTTPClientRequest(url: upstream + (request.head.path ?? "/"))
        forward.method = .init(rawValue: request.method.rawValue)
        let dropped = HopByHop.names(in: request.headers)
        for field in request.headers where !dropped.contains(field.name) && field.name != .expect {
            forward.headers.add(name: field.name.rawName, value: field.value)
        }
        if let host = request.head.authority { forward.headers.replaceOrAdd(name: "X-Forwarded-Host", value: host) }
        // Behind another proxy the list grows by one; the last entry is the one that we saw ourselves.
        if let address { forward.headers.add(name: "X-Forwarded-For", value: address) }
        forward.headers.replaceOrAdd(name: "X-Forwarded-Proto", value: request.head.scheme ?? "http")
        forward.headers.remove(name: "Content-Length")
        return forward
    }

    private func response(
        _ answer: HTTPClientResponse, upload: Upload?, isHead: Bool, isMetered: Bool
    ) -> Response {
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            guard let name = HTTPField.Name(name), HTTPField.isValidValue(value) else { continue }
            headers.append(HTTPField(name: name, value: value))
        }
        for name in HopByHop.names(in: headers) { headers[name] = nil }
        // Only the gate speaks of payments to payers.
        for name in [.paymentRequired, .paymentResponse, .paymentResponseV1, .paymentCharged] as [HTTPField.Name] {
            headers[name] = nil
        }
        let status = HTTPResponse.Status(code: Int(answer.status.code), reasonPhrase: answer.status.reasonPhrase)
        if isHead || status.code == 204 || status.code == 304 {
            upload?.stop()
            return Response(status: status, headers: headers, body: ResponseBody())
        }
        let length = headers[.contentLength].flatMap { Int($0) }
        let body =
            if isMetered {
                Self.body(AskedParts(body: answer.body, silence: limits.silence), upload, limits, length: length)
            } else { Self.body(answer.body, upload, limits, length: length) }
        return Response(status: status, headers: headers, body: body)
    }

    private static func body(
        _ parts: some AsyncSequence<ByteBuffer, any Error> & Sendable, _ upload: Upload?, _ limits: Limits, length: Int?
    ) -> ResponseBody {
        let download = Download(parts: parts, upload: upload, silence: limits.silence)
        return ResponseBody(contentLength: length) { writer in try await download.write(to: &writer) }
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        self = .milliseconds(
            duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
    }
}
