// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A whole connection without a socket: bytes of the socket in and out, and what happened.
///
/// It chooses Noise by multistream-select, shakes hands, chooses Yamux (inside the handshake when both sides offer
/// that, else by multistream-select again), and runs it. A machine that threw is spent.
///
/// - Source: libp2p specs, connections/README.md, "Upgrading Connections".
public struct ConnectionMachine: Sendable {
    public static let security = "/noise"
    public static let muxer = "/yamux/1.0.0"

    public enum Event: Sendable {
        /// The peer has proved who it is, and streams can be opened.
        case established(PeerPublicKey)
        case session(YamuxSession.Event)
    }

    private enum Phase: Sendable {
        case proposingSecurity(MultistreamDialer)
        case choosingSecurity(MultistreamListener)
        case shakingHands(NoiseHandshake)
        case proposingMuxer(MultistreamDialer)
        case choosingMuxer(MultistreamListener)
        case open
    }

    public let isDialer: Bool
    /// The streams; opening and sending make sense from ``Event/established(_:)`` on.
    public var session: YamuxSession

    private let identity: PeerIdentity
    private let expectedPeer: PeerID?
    private var phase: Phase
    private var transport: NoiseTransport?
    private var remoteKey: PeerPublicKey?
    /// Bytes for the socket, encrypted already where they have to be.
    private var output: [UInt8] = []

    public init(
        isDialer: Bool, identity: PeerIdentity, expectedPeer: PeerID? = nil, limits: YamuxLimits = YamuxLimits()
    ) throws(P2PError) {
        self.isDialer = isDialer
        self.identity = identity
        self.expectedPeer = expectedPeer
        session = YamuxSession(isDialer: isDialer, limits: limits)
        if isDialer {
            let dialer = try Self.dialer(for: Self.security)
            output = dialer.opening
            phase = .proposingSecurity(dialer)
        } else {
            let listener = MultistreamListener()
            output = listener.opening
            phase = .choosingSecurity(listener)
        }
    }

    public var isEstablished: Bool {
        if case .open = phase { true } else { false }
    }

    // MARK: - What comes in

    public mutating func receive(_ bytes: [UInt8]) throws(P2PError) -> [Event] {
        var events: [Event] = []
        var rest: [UInt8]? = bytes
        // Each round takes one phase as far as the bytes reach; what follows it belongs to the next.
        while let bytes = rest { rest = try advance(bytes, into: &events) }
        return events
    }

    private mutating func advance(_ bytes: [UInt8], into events: inout [Event]) throws(P2PError) -> [UInt8]? {
        switch phase {
        case .proposingSecurity(let dialer): return try proposeSecurity(dialer, bytes)
        case .choosingSecurity(let listener): return try chooseSecurity(listener, bytes)
        case .shakingHands(let handshake): return try shakeHands(handshake, bytes, into: &events)
        case .proposingMuxer, .choosingMuxer: return try agreeOnMuxer(try decrypt(bytes), into: &events)
        case .open:
            let plain = try decrypt(bytes)
            do throws(YamuxError) {
                for event in try session.receive(plain) { events.append(.session(event)) }
            } catch { throw .yamux(error) }
            return nil
        }
    }

    private mutating func proposeSecurity(_ dialer: MultistreamDialer, _ bytes: [UInt8]) throws(P2PError) -> [UInt8]? {
        var dialer = dialer
        let step: MultistreamDialer.Step
        do throws(MultistreamError) { step = try dialer.receive(bytes) } catch { throw .multistream(error) }
        switch step {
        case .wait: phase = .proposingSecurity(dialer)
        case .send(let bytes):
            output += bytes
            phase = .proposingSecurity(dialer)
        case .agreed(_, let rest):
            try startHandshake()
            return rest
        }
        return nil
    }

    private mutating func chooseSecurity(
        _ listener: MultistreamListener, _ bytes: [UInt8]
    ) throws(P2PError) -> [UInt8]? {
        var listener = listener
        let step: MultistreamListener.Step
        do throws(MultistreamError) { step = try listener.receive(bytes) { $0 == Self.security } } catch {
            throw .multistream(error)
        }
        output += step.reply
        guard let agreed = step.agreed else {
            phase = .choosingSecurity(listener)
            return nil
        }
        try startHandshake()
        return agreed.rest
    }

    private mutating func startHandshake() throws(P2PError) {
        do throws(NoiseError) {
            var handshake = try NoiseHandshake(
                isDialer: isDialer, identity: identity, expectedPeer: expectedPeer, muxers: [Self.muxer])
            output += try handshake.start()
            phase = .shakingHands(handshake)
        } catch { throw .noise(error) }
    }

    private mutating func shakeHands(
        _ handshake: NoiseHandshake, _ bytes: [UInt8], into events: inout [Event]
    ) throws(P2PError) -> [UInt8]? {
        var handshake = handshake
        let step: NoiseHandshake.Step
        do throws(NoiseError) { step = try handshake.receive(bytes) } catch { throw .noise(error) }
        output += step.output
        guard let secured = step.finished else {
            phase = .shakingHands(handshake)
            return nil
        }
        transport = secured.transport
        remoteKey = secured.remoteKey
        if secured.muxer != nil {
            establish(into: &events)
        } else if isDialer {
            let dialer = try Self.dialer(for: Self.muxer)
            phase = .proposingMuxer(dialer)
            output += try encrypt(dialer.opening)
        } else {
            let listener = MultistreamListener()
            phase = .choosingMuxer(listener)
            output += try encrypt(listener.opening)
        }
        return secured.rest
    }

    /// Takes decrypted bytes; what follows the agreement goes to the session, since it is decrypted too.
    private mutating func agreeOnMuxer(_ plain: [UInt8], into events: inout [Event]) throws(P2PError) -> [UInt8]? {
        var rest: [UInt8]?
        do {
            if case .proposingMuxer(var dialer) = phase {
                if case .agreed(_, let behind) = try dialer.receive(plain) { rest = behind }
                phase = .proposingMuxer(dialer)
            } else if case .choosingMuxer(var listener) = phase {
                let step = try listener.receive(plain) { $0 == Self.muxer }
                rest = step.agreed?.rest
                phase = .choosingMuxer(listener)
                output += try encrypt(step.reply)
            }
        } catch { throw P2PError(error) }
        if let rest {
            establish(into: &events)
            do throws(YamuxError) {
                for event in try session.receive(rest) { events.append(.session(event)) }
            } catch { throw .yamux(error) }
        }
        return nil
    }

    private mutating func establish(into events: inout [Event]) {
        phase = .open
        if let remoteKey { events.append(.established(remoteKey)) }
    }

    // MARK: - What goes out

    /// The next bytes for the socket, or `nil` when there are none.
    ///
    /// - Parameters:
    ///   - limit: About how many bytes; one frame of Noise is never cut.
    ///   - sent: What of the streams' data is among them is appended.
    public mutating func nextOutput(
        upTo limit: Int = NoiseTransport.longestPlaintext, sent: inout [YamuxSession.Sent]
    ) throws(P2PError) -> [UInt8]? {
        if !output.isEmpty {
            defer { output = [] }
            return output
        }
        guard isEstablished, let plain = session.nextOutput(upTo: limit, sent: &sent) else { return nil }
        return try encrypt(plain)
    }

    /// What is said to the peer of an established connection before it is closed for `reason`.
    public mutating func farewell(_ reason: YamuxHeader.GoAway) -> [UInt8] {
        guard isEstablished else { return [] }
        return (try? encrypt(YamuxSession.farewell(reason))) ?? []
    }

    mutating func encrypt(_ plain: [UInt8]) throws(P2PError) -> [UInt8] {
        guard !plain.isEmpty else { return [] }
        do throws(NoiseError) { return try transport?.encrypt(plain) ?? [] } catch { throw .noise(error) }
    }

    private mutating func decrypt(_ bytes: [UInt8]) throws(P2PError) -> [UInt8] {
        do throws(NoiseError) { return try transport?.decrypt(bytes) ?? [] } catch { throw .noise(error) }
    }

    private static func dialer(for name: String) throws(P2PError) -> MultistreamDialer {
        do throws(MultistreamError) { return try MultistreamDialer(proposing: [name]) } catch {
            throw .multistream(error)
        }
    }
}
