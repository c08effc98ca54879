// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingEncodings
import FarthingPrimitives
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks a facilitator one thing at a time, in bounded time and space.
struct FacilitatorClient: Sendable {
    /// Without a slash at the end.
    let base: String
    let limits: FacilitatorLimits
    private let http: HTTPClient

    init(base: String, limits: FacilitatorLimits) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.limits = limits
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = TimeAmount(limits.connectTimeout)
        // Attempts are counted here, not below.
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutdown() async { try? await http.shutdown() }

    func get(_ path: String) async throws(FacilitatorTrouble) -> JSON {
        try await ask(HTTPClientRequest(url: base + path), within: limits.readTimeout)
    }

    func post(_ path: String, _ body: JSON, within time: Duration) async throws(FacilitatorTrouble) -> JSON {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: body.bytes))
        return try await ask(request, within: time)
    }

    private func ask(_ request: HTTPClientRequest, within time: Duration) async throws(FacilitatorTrouble) -> JSON {
        var request = request
        request.headers.add(name: "Accept", value: "application/json")
        let answer: (status: UInt, body: [UInt8])
        do { answer = try await exchange(request, within: time) } catch { throw Self.trouble(error) }
        switch answer.status {
        case 200..<300: break
        case 429, 503: throw .turnedAway("it answers with status \(answer.status)", retry: true)
        // A proxy before it may have given up waiting, and so may it have itself.
        case 408, 500...: throw .unknown("it answers with status \(answer.status)")
        default: throw .turnedAway("it answers with status \(answer.status)", retry: false)
        }
        do {
            let json = try JSON.parse(answer.body)
            guard json.members != nil else { throw FacilitatorTrouble.unknown("it answers with no JSON object") }
            return json
        } catch { throw .unknown("it answers with no JSON object") }
    }

    /// The whole of an answer, or nothing: the clock runs until its last byte.
    private func exchange(
        _ request: HTTPClientRequest, within time: Duration
    ) async throws -> (status: UInt, body: [UInt8]) {
        try await withTimeLimit(time, elseThrowing: FacilitatorTrouble.unknown("it did not answer within \(time)")) {
            let answer = try await http.execute(request, deadline: .distantFuture)
            let body = try await answer.body.collect(upTo: limits.answerBytes)
            return (answer.status.code, Array(body.readableBytesView))
        }
    }

    private static func trouble(_ error: any Error) -> FacilitatorTrouble {
        switch error {
        case let trouble as FacilitatorTrouble: trouble
        case is CancellationError: .cancelled
        case let error as HTTPClientError where error == .connectTimeout: .notSent("connecting took too long")
        case let error as HTTPClientError where error == .cancelled: .cancelled
        case is NIOConnectionError: .notSent("the connection is refused")
        case let error as IOError where error.errnoCode == ECONNREFUSED: .notSent("the connection is refused")
        case is NIOTooManyBytesError: .unknown("its answer is too long")
        default: .unknown("the connection broke")
        }
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        self = .milliseconds(
            duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
    }
}
