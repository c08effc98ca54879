// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingEncodings
import FarthingGun
import FarthingHTTP402Client
import FarthingLibP2P
import FarthingPeerPayments
import FarthingWallet
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Puts a server that speaks HTTP among peers, word for word: so whoever lies over HTTP lies over libp2p and GUN too.
struct PeerFront: PeerResponder {
    let url: String

    /// Runs a test against the server at a URL such as `http://127.0.0.1:80`.
    ///
    /// - Parameter body: Given what carries requests to it, and its URL among peers.
    static func open<Result>(
        before url: String, over road: PeerRoad, _ body: (any RequestCarrier, String) async throws -> Result
    ) async throws -> Result {
        switch road {
        case .libp2p: try await openOverLibP2P(before: url, body)
        case .gun: try await GunGrounds.withRelay { try await openOverGun(before: url, at: $0, body) }
        }
    }

    private static func openOverLibP2P<Result>(
        before url: String, _ body: (any RequestCarrier, String) async throws -> Result
    ) async throws -> Result {
        try await PeerHost.withHost(on: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")]) { host in
            try host.handle(PeerSession.protocolName) { stream in
                await PeerSession(stream: stream, responder: PeerFront(url: url)).run()
            }
            return try await PeerHost.withHost { payer in
                let carrier = PeerCarrier(host: payer)
                let location = try carrier.learn("\(host.addresses.first.map(\.description) ?? "")")
                return try await body(carrier, String(location.dropLast()))
            }
        }
    }

    /// - Parameter relay: Which may cheat.
    static func openOverGun<Result>(
        before url: String, at relay: String, _ body: (any RequestCarrier, String) async throws -> Result
    ) async throws -> Result {
        let pair = GunKeyPair()
        let client = try await GunGrounds.client(at: [relay])
        let door = GunDoor(client, pair: pair, name: PeerSession.gunName, timing: GunGrounds.timing)
        await door.open()
        let serving = Task {
            await withDiscardingTaskGroup { group in
                for await stream in door.streams {
                    group.addTask { await PeerSession(stream: stream, responder: PeerFront(url: url)).run() }
                }
            }
        }
        defer { serving.cancel() }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(
                try await GunGrounds.withCarrier(at: [relay]) { try await body($0, "gun://\(pair.pub)") })
        } catch { result = .failure(error) }
        await door.close()
        await client.close()
        return try result.get()
    }

    func take(_ payments: [PeerPayment], answer: @escaping @Sendable (Int, PromptOutcome) -> Void) {
        for place in payments.indices { answer(place, .declined) }
    }

    func respond(to request: PeerRequest) async -> PeerResponse {
        var outgoing = HTTPClientRequest(url: url + request.target)
        outgoing.method = HTTPMethod(rawValue: request.method)
        outgoing.headers = HTTPHeaders(request.headers)
        if !request.payment.isEmpty {
            outgoing.headers.add(name: "PAYMENT-SIGNATURE", value: Base64.encode(request.payment))
        }
        if !request.body.isEmpty { outgoing.body = .bytes(request.body) }
        do {
            let response = try await PayingClient.standardHTTPClient.execute(outgoing, timeout: .seconds(30))
            let body = try await response.body.collect(upTo: 1 << 20)
            return PeerResponse(
                status: Int(response.status.code), headers: HTTPFields(response.headers, splitCookie: false),
                body: .whole(Array(body.readableBytesView)))
        } catch {
            return PeerResponse(status: 502)
        }
    }
}
