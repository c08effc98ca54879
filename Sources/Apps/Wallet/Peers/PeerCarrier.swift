// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
public import FarthingHTTP402Client
public import FarthingLibP2P
import FarthingPeerPayments
public import NIOCore

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
    private let links = PeerLinks<PeerID>()

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
        let peer = place.peer
        return try await links.carry(request, to: peer, target: place.target, timeout: timeout) { [host, finder] in
            do throws(P2PError) {
                if host.connection(to: peer) == nil, host.knownAddresses(of: peer).isEmpty {
                    try await finder.find(peer, for: host, within: Self.searchTime)
                }
                return try await host.open(PeerSession.protocolName, to: peer)
            } catch {
                throw PeerLinkError.unreachable(code: error.code, message: error.description)
            }
        }
    }
}
