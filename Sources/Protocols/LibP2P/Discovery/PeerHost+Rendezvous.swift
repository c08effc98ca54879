// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingPrimitives
internal import NIOCore
internal import Synchronization

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension PeerHost {
    /// The protocol of both drafts.
    public static let rendezvousProtocol = "/rendezvous/1.0.0"

    /// Lets peers find each other by this host.
    ///
    /// What is registered is lost when the host goes.
    public func serveRendezvous(limits: RendezvousRegistry.Limits = .init()) throws(P2PError) {
        let registry = Shelf(RendezvousRegistry(limits: limits))
        let patience = configuration.serviceTimeout
        try handle(Self.rendezvousProtocol, limit: 8) { stream in
            while true {
                let timer = stream.reset(after: patience)
                defer { timer.cancel() }
                guard let frame = try await stream.readFrame(limit: RendezvousRegistry.longestRequest) else { return }
                let now = Instant(unixSeconds: Int64(Date().timeIntervalSince1970))
                let message = try RendezvousMessage(bytes: frame)
                let answer = registry.value.withLock { $0.receive(message, from: stream.remotePeer, at: now) }
                if let answer { try await stream.writeFrame(answer.bytes) }
            }
        }
    }

    /// Holds what handlers share.
    private final class Shelf: Sendable {
        let value: Mutex<RendezvousRegistry>
        init(_ value: consuming RendezvousRegistry) { self.value = Mutex(value) }
    }

    /// Registers this host in a namespace of a rendezvous point, with a signed record.
    ///
    /// A point that speaks only the older draft refuses that, and is asked again with the bare addresses.
    ///
    /// - Parameter ttl: For how long; at most 72 hours.
    /// - Returns: For how long it was granted.
    /// - Throws: ``P2PError/refused(status:text:)``.
    @discardableResult
    public func register(
        in namespace: String, at point: PeerConnection, for ttl: Duration = .seconds(7200)
    ) async throws(P2PError) -> Duration {
        let seconds = UInt64(max(ttl.components.seconds, 0))
        var refusal = P2PError.badMessage("no answer")
        for form in [
            RendezvousRegistration.Form.signedRecord(try signedPeerRecord()), .peerInfo(peerID, announcedAddresses),
        ] {
            let request = RendezvousRegistration(namespace: namespace, form: form, ttl: seconds)
            guard case .registerResponse(let status, let text, let granted) = try await ask(.register(request), point)
            else { throw .badMessage("another answer than to a registration") }
            if status == RendezvousRegistry.Status.ok {
                return .seconds(Int64(clamping: min(granted, RendezvousRegistry.longestTTL)))
            }
            refusal = .refused(status: status, text: text)
            guard status == RendezvousRegistry.Status.notAuthorized || status == RendezvousRegistry.Status.badRecord
            else { break }
        }
        throw refusal
    }

    /// Takes this host out of a namespace.
    public func unregister(from namespace: String, at point: PeerConnection) async throws(P2PError) {
        let stream = try await point.open(Self.rendezvousProtocol)
        try await stream.writeFrame(RendezvousMessage.unregister(namespace: namespace, peer: peerID).bytes)
        stream.closeWrite()
        // The point reads to the end before it closes, so what is asked next comes behind.
        _ = try await stream.readToEnd(limit: RendezvousMessage.longest)
    }

    /// Peers that are registered in a namespace; those whose records do not hold are left out.
    ///
    /// - Parameter cookie: What the last call gave, to hear only of what is new.
    public func discover(
        in namespace: String, at point: PeerConnection, limit: Int = 100, cookie: [UInt8] = []
    ) async throws(P2PError) -> (peers: [DiscoveredPeer], cookie: [UInt8]) {
        let request = RendezvousMessage.discover(
            namespace: namespace, limit: UInt64(max(limit, 0)), cookie: cookie)
        guard case .discoverResponse(let found, let cookie, let status, let text) = try await ask(request, point) else {
            throw .badMessage("another answer than to a discovery")
        }
        guard status == RendezvousRegistry.Status.ok else { throw .refused(status: status, text: text) }
        let peers = found.compactMap { try? $0.peer() }
        for peer in peers where peer.isSigned { learn(peer.addresses, of: peer.peer) }
        return (peers, cookie)
    }

    private func ask(_ request: RendezvousMessage, _ point: PeerConnection) async throws(P2PError) -> RendezvousMessage
    {
        let stream = try await point.open(Self.rendezvousProtocol)
        defer { stream.close() }
        let timer = stream.reset(after: configuration.negotiationTimeout)
        defer { timer.cancel() }
        try await stream.writeFrame(request.bytes)
        guard let frame = try await stream.readFrame(limit: RendezvousMessage.longest) else {
            throw .badMessage("no answer")
        }
        do throws(WireError) { return try RendezvousMessage(bytes: frame) } catch { throw .wire(error) }
    }
}
