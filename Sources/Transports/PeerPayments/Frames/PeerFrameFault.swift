// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// What is wrong with bytes that should be frames.
///
/// The stream ends with it: what follows cannot be told apart any more.
public enum PeerFrameFault: ExplainedError, Hashable {
    /// A frame is longer than ``PeerLimits/longestFrame``.
    case tooLong(Int)
    /// A number, a text or a list is cut short, over-long or malformed.
    case malformed(String)
    /// Nobody here knows a frame of this type.
    case unknownType(UInt8)
    /// The stream ended within a frame.
    case cutShort
    /// A frame that only the other side may send.
    case outOfTurn

    public var code: String {
        switch self {
        case .tooLong: "peer.frame-too-long"
        case .malformed: "peer.frame-malformed"
        case .unknownType: "peer.frame-unknown"
        case .cutShort: "peer.frame-cut-short"
        case .outOfTurn: "peer.frame-out-of-turn"
        }
    }

    public var message: String {
        switch self {
        case .tooLong(let count): "A frame has \(count) bytes; \(PeerLimits.longestFrame) are taken."
        case .malformed(let what): "A frame's \(what) is malformed."
        case .unknownType(let type): "There is no frame of type \(type)."
        case .cutShort: "The stream ended within a frame."
        case .outOfTurn: "A frame came that only the other side sends."
        }
    }

    public var remedy: String? { nil }
}

/// How much of anything a payment stream may have.
public enum PeerLimits {
    /// The longest frame that is read.
    ///
    /// - Unit: bytes, without the length in front.
    public static let longestFrame = 256 * 1024
    /// How much of a body goes into one frame.
    ///
    /// - Unit: bytes.
    public static let bodyPart = 32 * 1024
    /// How many requests of a stream may be under way: then nothing more is read.
    public static let requestsUnderWay = 256
    /// How many may be under way where most are short payments that need no waiting.
    public static let paymentsUnderWay = 1024
    /// How many bases a stream may have.
    public static let slots: UInt32 = 64
    /// How much the texts of all bases of a stream may have together.
    ///
    /// - Unit: bytes.
    public static let baseBytes = 512 * 1024
    /// How long the text of a payment is that counts as short: as every base may be.
    ///
    /// - Unit: bytes.
    public static let shortPayment = baseBytes / Int(slots)
    /// The longest body of a request.
    ///
    /// - Unit: bytes.
    public static let requestBody = 1024 * 1024
    /// How many requests may have bodies that are still on their way.
    public static let uploads = 32
    /// How much the bodies and payments of all requests of a stream may have, on their way or waiting for an answer.
    ///
    /// - Unit: bytes.
    public static let requestsOfStream = 16 * 1024 * 1024
    /// How much those of all streams of a process may have.
    ///
    /// - Unit: bytes.
    public static let requestsInAll = 256 * 1024 * 1024
    /// How much of that may be of bodies that are still on their way: whoever ends none of them, and so pays for nothing,
    /// leaves the rest to requests of one frame.
    ///
    /// - Unit: bytes.
    public static let uploadsInAll = requestsInAll / 2
    /// How much a base may have besides its text.
    ///
    /// - Unit: bytes of method, target and headers.
    public static let baseHead = 8192
    /// How many payments fit one frame.
    public static let paymentsAFrame = 1024
    static let headers = 64
    static let methodBytes = 32
    static let targetBytes = 8192
}
