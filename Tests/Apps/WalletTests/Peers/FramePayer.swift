// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingGun
import FarthingLibP2P
import FarthingPeerPayments
import FarthingWallet
import HTTPTypes
import Testing

/// A payer that says on a payment stream what it likes, frame by frame.
struct FramePayer {
    let stream: any PeerByteStream
    private var decoder = FrameDecoder()

    /// Runs a test with a stream to a market that sells to peers, over libp2p or GUN.
    static func open(to market: Market, _ test: (FramePayer) async throws -> Void) async throws {
        guard let peer = market.peers.first else { return try await openOverGun(to: market, test) }
        try await PeerHost.withHost { host in
            try await test(FramePayer(stream: try await host.open(PeerSession.protocolName, to: peer)))
        }
    }

    private static func openOverGun(to market: Market, _ test: (FramePayer) async throws -> Void) async throws {
        let location = try GunLocation(try #require(market.gun.first) + "/weather")
        let client = try await GunGrounds.client(at: [try #require(location.relay)])
        do {
            let stream = try await GunStream.open(
                to: location.payee, for: PeerSession.gunName, over: client, timing: GunGrounds.timing)
            try await test(FramePayer(stream: stream))
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    private init(stream: any PeerByteStream) { self.stream = stream }

    func say(_ frame: PeerFrame) async throws { try await stream.write(frame.bytes) }

    func ask(_ id: UInt32, _ target: String, _ payment: [UInt8], headers: HTTPFields = [:]) async throws {
        try await say(.request(id: id, PeerRequest(target: target, headers: headers, payment: payment), isWhole: true))
    }

    /// The next frame; `nil` at the end of the stream.
    mutating func next() async throws -> PeerFrame? {
        while true {
            if let frame = try decoder.next() { return frame }
            guard let bytes = try await stream.read() else { return nil }
            decoder.append(bytes)
        }
    }

    /// The head of an answer; whatever comes before it is passed over.
    mutating func answer(to id: UInt32) async throws -> PeerAnswer? {
        while let frame = try await next() {
            if case .answer(id, let answer, _) = frame { return answer }
        }
        return nil
    }

    /// The next part of an answer's body; `nil` when there is none any more.
    mutating func part(of id: UInt32) async throws -> [UInt8]? {
        while let frame = try await next() {
            if case .body(id, let bytes, let state) = frame { return state == .more ? bytes : nil }
        }
        return nil
    }
}
