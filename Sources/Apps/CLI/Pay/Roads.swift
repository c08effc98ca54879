// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import AsyncHTTPClient
import FarthingGun
import FarthingHTTP402Client
import FarthingLibP2P
import FarthingWallet
import NIOCore

/// The roads to those whom a command asks: HTTP, and where addresses need it libp2p and relays of GUN.
struct Roads {
    let carrier: any RequestCarrier
    private let peers: PeerCarrier?

    /// The URL by which a wallet's books know what is at an address.
    func url(of address: String) throws -> String {
        if Self.isOverGun(address) { return try GunLocation(address).url }
        let head = "libp2p://"
        if address.lowercased().hasPrefix(head) {
            let peer = address.dropFirst(head.count).prefix { $0 != "/" && $0 != "?" }
            guard PeerID(String(peer)) != nil else { throw PayingError.badURL(String(address.prefix(200))) }
        }
        return try Self.isOfPeer(address) ? peers?.learn(address) ?? address : address
    }

    /// Opens what the addresses need, for as long as the body runs.
    ///
    /// - Parameters:
    ///   - relays: Such as `ws://192.0.2.7:8765/gun`, besides those that addresses name.
    ///   - isLenient: Whether the body runs also where no relay can be had; whoever is behind one cannot be reached then.
    static func open<Result>(
        to addresses: [String], relays: [String], isLenient: Bool = false, _ body: (Roads) async throws -> Result
    ) async throws -> Result {
        let locations = try addresses.filter(isOverGun).map { try GunLocation($0) }
        guard let first = locations.first else {
            return try await open(to: addresses, over: PayingClient.standardHTTPClient, body)
        }
        let all = locations.compactMap(\.relay) + relays
        guard !all.isEmpty else {
            let reason = "\(first.url) names no relay: give one with --relay."
            guard isLenient else { throw ValidationError(reason) }
            return try await open(
                to: addresses, over: NoRelay(reason: "no relay is named: give one with --relay"), body)
        }
        let carrier: GunCarrier
        do throws(GunError) { carrier = try await GunCarrier.connect(to: all) } catch {
            guard isLenient else { throw GunFault(error: error) }
            return try await open(to: addresses, over: NoRelay(reason: error.message), body)
        }
        do {
            let result = try await open(to: addresses, over: carrier, body)
            await carrier.close()
            return result
        } catch {
            await carrier.close()
            throw error
        }
    }

    private static func open<Result>(
        to addresses: [String], over carrier: any RequestCarrier, _ body: (Roads) async throws -> Result
    ) async throws -> Result {
        guard addresses.contains(where: { isOfPeer($0) || $0.lowercased().hasPrefix("libp2p://") }) else {
            return try await body(Roads(carrier: carrier, peers: nil))
        }
        return try await PeerHost.withHost { host in
            let peers = PeerCarrier(host: host, http: carrier)
            return try await body(Roads(carrier: peers, peers: peers))
        }
    }

    fileprivate static func isOverGun(_ address: String) -> Bool { address.lowercased().hasPrefix("gun://") }
    private static func isOfPeer(_ address: String) -> Bool { address.hasPrefix("/") }
}

/// Carries what goes over HTTP, and says of payees behind a relay why they cannot be asked.
private struct NoRelay: RequestCarrier {
    let reason: String

    func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        guard Roads.isOverGun(request.url) else {
            return try await PayingClient.standardHTTPClient.carry(request, timeout: timeout)
        }
        throw RequestNotSent(reason: reason)
    }
}

/// Relays that are used besides those that an address names.
struct RelayOptions: ParsableArguments {
    @Option(name: .long, help: "A GUN relay to use as well, such as ws://192.0.2.7:8765/gun; may be given many times.")
    var relay: [String] = []
}
