// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What went wrong on a host, a connection or a stream.
@nonexhaustive
public enum P2PError: Error, Hashable, CustomStringConvertible {
    /// What took longer than it may.
    public enum Stage: String, Hashable, Sendable {
        case dial
        case upgrade
        case negotiation
        case keepAlive = "keep-alive"
        case request
    }

    case address(MultiaddrError)
    case wire(WireError)
    case key(KeyError)
    case multistream(MultistreamError)
    case noise(NoiseError)
    case yamux(YamuxError)
    /// No connection came about; the text is the system's reason.
    case unreachable(Multiaddr, reason: String)
    /// The group of multicast DNS cannot be joined; the text is the system's reason.
    case noMulticast(reason: String)
    /// A peer was named of which no address is known and to which no connection is open.
    case noAddress(PeerID)
    /// The address names this host itself.
    case dialsItself
    case timedOut(Stage)
    case tooManyConnections(limit: Int)
    case tooManyConnectionsToPeer(limit: Int)
    case tooManyConnectionsFromAddress(limit: Int)
    /// More bytes wait unread on a connection than may.
    case tooMuchUnread(limit: Int)
    case connectionClosed
    /// The peer broke the stream off, or refused it.
    case streamReset
    /// This side has closed the stream for writing, or broken it off.
    case streamClosed
    /// The stream ended within something that should be whole.
    case endOfStream(wanted: Int, got: Int)
    /// A frame, a line or all of a stream is longer than the caller reads.
    case tooLong(length: UInt64, limit: Int)
    /// Two tasks read from one stream at the same time.
    case readsOverlap
    /// A protocol that has a handler already, or a name that cannot be one.
    case badProtocol(String)
    /// A message of a service that cannot be what the peer means.
    case badMessage(String)
    /// The peer refused a request; the number is the protocol's.
    case refused(status: UInt64, text: String)
    /// The host is shut down, or about to be.
    case shutDown
    /// The task was cancelled.
    case cancelled

    /// Stable, lower-case and dotted; programs match on this.
    public var code: String {
        switch self {
        case .address(let error): error.code
        case .wire(let error): error.code
        case .key(let error): error.code
        case .multistream(let error): error.code
        case .noise(let error): error.code
        case .yamux(let error): error.code
        case .unreachable: "p2p.unreachable"
        case .noMulticast: "p2p.no-multicast"
        case .noAddress: "p2p.no-address"
        case .dialsItself: "p2p.dials-itself"
        case .timedOut: "p2p.timed-out"
        case .tooManyConnections: "p2p.too-many-connections"
        case .tooManyConnectionsToPeer: "p2p.too-many-connections-to-peer"
        case .tooManyConnectionsFromAddress: "p2p.too-many-connections-from-address"
        case .tooMuchUnread: "p2p.too-much-unread"
        case .connectionClosed: "p2p.connection-closed"
        case .streamReset: "p2p.stream-reset"
        case .streamClosed: "p2p.stream-closed"
        case .endOfStream: "p2p.end-of-stream"
        case .tooLong: "p2p.too-long"
        case .readsOverlap: "p2p.reads-overlap"
        case .badProtocol: "p2p.bad-protocol"
        case .badMessage: "p2p.bad-message"
        case .refused: "p2p.refused"
        case .shutDown: "p2p.shut-down"
        case .cancelled: "p2p.cancelled"
        }
    }

    public var description: String {
        switch self {
        case .address(let error): error.description
        case .wire(let error): error.description
        case .key(let error): error.description
        case .multistream(let error): error.description
        case .noise(let error): error.description
        case .yamux(let error): error.description
        case .unreachable(let address, let reason): "\(code): \(address): \(reason)"
        case .noMulticast(let reason): "\(code): \(reason)"
        case .noAddress(let peer): "\(code): \(peer)"
        case .timedOut(let stage): "\(code): \(stage.rawValue)"
        case .tooManyConnections(let limit), .tooManyConnectionsToPeer(let limit),
            .tooManyConnectionsFromAddress(let limit):
            "\(code): at most \(limit)"
        case .tooMuchUnread(let limit): "\(code): at most \(limit) bytes"
        case .endOfStream(let wanted, let got): "\(code): \(got) bytes of \(wanted)"
        case .tooLong(let length, let limit): "\(code): \(length) bytes, and at most \(limit) are read"
        case .badProtocol(let name): "\(code): \(name)"
        case .badMessage(let reason): "\(code): \(reason)"
        case .refused(let status, let text): "\(code): \(status) \(text)"
        default: code
        }
    }

    /// Any error as one of these; what is foreign counts as a lost connection.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as P2PError: error
            case let error as MultiaddrError: .address(error)
            case let error as WireError: .wire(error)
            case let error as KeyError: .key(error)
            case let error as MultistreamError: .multistream(error)
            case let error as NoiseError: .noise(error)
            case let error as YamuxError: .yamux(error)
            case is CancellationError: .cancelled
            default: .connectionClosed
            }
    }
}
