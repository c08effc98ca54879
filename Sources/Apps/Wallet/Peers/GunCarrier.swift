// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
public import FarthingGun
public import FarthingHTTP402Client
import FarthingPeerPayments
import Logging
public import NIOCore
import Synchronization

/// Carries requests to payees over GUN relays, and all others over HTTP.
///
///     let location = try GunLocation("gun://192.0.2.7:8765/gun/~PUB/weather")
///     let carrier = try await GunCarrier.connect(to: [location.relay].compactMap(\.self))
///     let answer = try await wallet.client(carrier: carrier).execute(PayingRequest(url: location.url))
///     await carrier.close()
///
/// One stream to each payee carries all its requests and payments, under a pair of keys that is made for it. The payee's
/// public key is the host of the URL (`gun://PUB/weather`); nobody else can read what is asked, or answer.
public final class GunCarrier: RequestCarrier {
    public let client: GunClient
    private let http: any RequestCarrier
    private let timing: GunStreamTiming
    private let links = PeerLinks<GunPublicKey>()
    /// What ``close()`` has to say goodbye to.
    private let streams = Mutex<[GunPublicKey: GunStream]>([:])

    /// - Parameters:
    ///   - client: What relays are spoken to with, best made with `GunClientConfiguration.forStreams`. It is the caller's,
    ///     or closed with ``close()``.
    ///   - http: What carries requests to anybody else.
    public init(
        _ client: GunClient, http: any RequestCarrier = PayingClient.standardHTTPClient,
        timing: GunStreamTiming = GunStreamTiming()
    ) {
        self.client = client
        self.http = http
        self.timing = timing
    }

    /// Connects to relays; several are better, so that no single one can hold things back.
    ///
    /// - Parameter relays: Addresses such as `ws://192.0.2.7:8765/gun`.
    /// - Throws: `GunError.badAddress(_:)`, `GunError.notConnected`.
    public static func connect(
        to relays: [String], http: any RequestCarrier = PayingClient.standardHTTPClient
    ) async throws(GunError) -> GunCarrier {
        // What goes wrong is told by what is thrown: a program that pays has a use for its output of its own.
        let quiet = Logger(label: "gun.client") { _ in SwiftLogNoOpLogHandler() }
        return GunCarrier(
            try await GunClient.connect(to: relays, configuration: .forStreams, logger: quiet), http: http)
    }

    public func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        guard let place = try? GunLocation(request.url), place.relay == nil else {
            return try await http.carry(request, timeout: timeout)
        }
        return try await links.carry(request, to: place.payee, target: place.target, timeout: timeout) {
            [self] in
            do throws(GunError) {
                let stream = try await GunStream.open(
                    to: place.payee, for: PeerSession.gunName, over: client, timing: timing)
                streams.withLock { $0[place.payee] = stream }
                return stream
            } catch {
                throw PeerLinkError.unreachable(code: error.code, message: error.message)
            }
        }
    }

    /// Ends all streams, so that payees need not find out, and closes the client; what is under way is not waited for.
    public func close() async {
        let left = streams.withLock { streams in
            defer { streams = [:] }
            return Array(streams.values)
        }
        for stream in left {
            await stream.reset()
            await stream.finish()
        }
        await client.close()
    }
}
