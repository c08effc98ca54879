// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore
internal import Synchronization

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension PeerHost {
    static let identifyProtocol = "/ipfs/id/1.0.0"
    static let identifyPushProtocol = "/ipfs/id/push/1.0.0"
    static let pingProtocol = "/ipfs/ping/1.0.0"
    static let pingLength = 32
    static let protocolVersion = "ipfs/0.1.0"

    /// The services that every host offers.
    func serveBuiltIn() {
        let identify: StreamHandler = { [weak self] stream in
            guard let self else { throw P2PError.shutDown }
            try await stream.writeFrame(try self.identifyMessage(to: stream.connection).bytes)
        }
        let patience = configuration.serviceTimeout
        let push: StreamHandler = { stream in
            let timer = stream.reset(after: patience)
            defer { timer.cancel() }
            guard let frame = try await stream.readFrame(limit: IdentifyMessage.longest) else { return }
            let connection = stream.connection
            let message = try Self.checked(frame, of: connection)
            connection.note((connection.identified ?? IdentifyMessage()).updated(by: message))
        }
        let ping: StreamHandler = { stream in
            while try await Self.echo(on: stream, within: patience) {}
        }
        state.withLock { state in
            state.handlers[Self.identifyProtocol] = Registration(limit: 16, serve: identify)
            state.handlers[Self.identifyPushProtocol] = Registration(limit: 16, serve: push)
            state.handlers[Self.pingProtocol] = Registration(limit: 4, serve: ping)
        }
    }

    /// Sends one ping back; `false` when the peer has closed in front of it.
    private static func echo(on stream: PeerStream, within patience: Duration) async throws(P2PError) -> Bool {
        // Whoever asks for nothing, or reads no answer, would hold the stream for ever.
        let timer = stream.reset(after: patience)
        defer { timer.cancel() }
        guard let first = try await stream.read(upTo: pingLength) else { return false }
        let rest = try await stream.read(exactly: pingLength - first.count)
        try await stream.write(first + rest)
        return true
    }

    /// What this host says about itself on a connection.
    func identifyMessage(to connection: PeerConnection?) throws(P2PError) -> IdentifyMessage {
        var message = IdentifyMessage()
        message.publicKey = identity.publicKey.message
        message.listenAddresses = announcedAddresses
        message.protocols = protocols
        message.observedAddress = connection?.remoteAddress
        message.protocolVersion = Self.protocolVersion
        message.agent = configuration.agent
        message.signedPeerRecord = try signedPeerRecord()
        return message
    }

    /// Where peers are told that this host can be reached: what was announced, or else where it listens.
    ///
    /// For the address that stands for all of a machine, those of its interfaces are told.
    public var announcedAddresses: [Multiaddr] {
        let announced = state.withLock { $0.announced }
        guard announced.isEmpty else { return announced.map(\.withoutPeer) }
        return addresses.flatMap { address -> [Multiaddr] in
            guard let endpoint = address.tcpEndpoint, case .address(let ip) = endpoint.host, ip.isUnspecified else {
                return [address.withoutPeer]
            }
            return Self.interfaces(likeVersionOf: ip).map { Multiaddr($0, tcp: endpoint.port) }
        }
    }

    private static func interfaces(likeVersionOf ip: IPAddress) -> [IPAddress] {
        let devices = (try? System.enumerateDevices()) ?? []
        let addresses = devices.compactMap { device in
            device.address?.ipAddress.flatMap { IPAddress(version4: $0) ?? IPAddress(version6: $0) }
        }
        return addresses.filter { $0.bytes.count == ip.bytes.count }
    }

    /// Tells peers other addresses than those that the host listens on, such as those outside of a router.
    public func announce(_ addresses: [Multiaddr]) { state.withLock { $0.announced = addresses } }

    /// Where this host can be reached, signed by it; the number is the time of the system in nanoseconds.
    public func signedPeerRecord() throws(P2PError) -> [UInt8] {
        let record = PeerRecord(peer: peerID, sequence: Self.now(), addresses: announcedAddresses)
        do throws(KeyError) { return try record.signed(by: identity) } catch { throw .key(error) }
    }

    /// Asks a peer what it is and speaks; the answer stays in ``PeerConnection/identified``.
    @discardableResult
    public func identify(_ connection: PeerConnection) async throws(P2PError) -> IdentifyMessage {
        let stream = try await connection.open(Self.identifyProtocol)
        defer { stream.close() }
        let timer = stream.reset(after: configuration.negotiationTimeout)
        defer { timer.cancel() }
        guard let frame = try await stream.readFrame(limit: IdentifyMessage.longest) else {
            throw .badMessage("no identify message")
        }
        let message = try Self.checked(frame, of: connection)
        connection.note(message)
        learn(message.listenAddresses, of: connection.remotePeer)
        return message
    }

    /// Tells all connected peers what this host is and speaks, after that has changed.
    public func pushIdentify() async {
        for connection in connections where connection.isOpen {
            guard let message = try? identifyMessage(to: connection),
                let stream = try? await connection.open(Self.identifyPushProtocol)
            else { continue }
            try? await stream.writeFrame(message.bytes)
            stream.close()
        }
    }

    /// How long a peer takes to send 32 bytes back.
    ///
    /// - Throws: ``P2PError/timedOut(_:)``, ``P2PError/badMessage(_:)`` when other bytes come back.
    public func ping(_ connection: PeerConnection) async throws(P2PError) -> Duration {
        let stream = try await connection.open(Self.pingProtocol)
        defer { stream.close() }
        let timer = stream.reset(after: configuration.negotiationTimeout)
        defer { timer.cancel() }
        let sent = (0..<Self.pingLength).map { _ in UInt8.random(in: .min ... .max) }
        let start = ContinuousClock.now
        try await stream.write(sent)
        guard try await stream.read(exactly: Self.pingLength) == sent else { throw .badMessage("another pong") }
        return ContinuousClock.now - start
    }

    private static func checked(_ bytes: [UInt8], of connection: PeerConnection) throws(P2PError) -> IdentifyMessage {
        let message: IdentifyMessage
        do throws(WireError) { message = try IdentifyMessage(bytes: bytes) } catch { throw .wire(error) }
        if let key = message.publicKey, (try? PeerPublicKey(message: key)) != connection.remoteKey {
            throw .badMessage("the key of another peer")
        }
        return message
    }

    /// Nanoseconds since 1970.
    static func now() -> UInt64 {
        UInt64(Date().timeIntervalSince1970 * 1_000_000_000)
    }
}
