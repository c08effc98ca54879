// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What a peer did that ends the whole connection, or what cannot be done on it.
@nonexhaustive
public enum YamuxError: Error, Hashable, CustomStringConvertible {
    /// A frame of another version than 0.
    case wrongVersion(UInt8)
    /// A frame of an unknown type.
    case unknownType(UInt8)
    /// A stream was opened with an id that only this side may use, or with 0.
    case wrongParity(UInt32)
    /// A stream was opened that is open already.
    case duplicateStream(UInt32)
    /// Data for the session itself.
    case dataWithoutStream
    /// A ping or a go-away with the id of a stream.
    case sessionFrameOnStream(UInt32)
    /// More data than the window has room for.
    case windowOverrun(stream: UInt32, length: UInt32, room: Int)
    /// The peer has said that it takes no more streams, or this side has.
    case goneAway
    /// So many streams are open that no more may be.
    case tooManyStreams(limit: Int)
    /// So many streams wait for their acknowledgement that no more may be opened yet.
    case tooManyUnacknowledged(limit: Int)
    /// All ids of this side are used up.
    case outOfIDs
    /// The stream is closed, at least for writing.
    case streamClosed(UInt32)

    /// Stable, lower-case and dotted; programs match on this.
    public var code: String {
        switch self {
        case .wrongVersion: "yamux.wrong-version"
        case .unknownType: "yamux.unknown-type"
        case .wrongParity: "yamux.wrong-parity"
        case .duplicateStream: "yamux.duplicate-stream"
        case .dataWithoutStream: "yamux.data-without-stream"
        case .sessionFrameOnStream: "yamux.session-frame-on-stream"
        case .windowOverrun: "yamux.window-overrun"
        case .goneAway: "yamux.gone-away"
        case .tooManyStreams: "yamux.too-many-streams"
        case .tooManyUnacknowledged: "yamux.too-many-unacknowledged"
        case .outOfIDs: "yamux.out-of-ids"
        case .streamClosed: "yamux.stream-closed"
        }
    }

    public var description: String {
        switch self {
        case .windowOverrun(let stream, let length, let room):
            "\(code): \(length) bytes on stream \(stream), which has room for \(room)"
        case .wrongParity(let id), .duplicateStream(let id), .streamClosed(let id): "\(code): \(id)"
        case .tooManyStreams(let limit), .tooManyUnacknowledged(let limit): "\(code): \(limit)"
        default: code
        }
    }
}
