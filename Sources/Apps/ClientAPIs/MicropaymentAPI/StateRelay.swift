// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Where the two sides of a channel put what the other is to read.
///
/// It is a place that anybody may write to, so nothing that comes out of it is believed: not who put it there, not that
/// it is the newest, not that all of it arrives. What is lost is put there again.
public protocol StateRelay: Sendable {
    /// Puts a message in a slot, in the place of what was there; it is there when this returns.
    ///
    /// - Parameters:
    ///   - message: At most ``StateRelayError/mostBytes``.
    ///   - slot: A name such as `channels/0x…/client`.
    func put(_ message: [UInt8], in slot: String) async throws(StateRelayError)

    /// What is in a slot now, and whatever is put there from now on, until whoever listens stops.
    ///
    /// Of many messages that come faster than they are read some may be left out, never the newest.
    func messages(in slot: String) async throws(StateRelayError) -> AsyncStream<[UInt8]>
}

/// Why a relay did not take a message, or has none.
public enum StateRelayError: ExplainedError, Hashable {
    case tooLarge(bytes: Int, most: Int)
    /// It has as many slots, or as many listeners, as it may.
    case full
    /// Nothing of this kind is kept here, it is not ours to write, or its channel is not known yet.
    case unknownSlot(String)
    case unavailable(reason: String)
    case cancelled

    /// How long a message may be.
    ///
    /// - Unit: bytes.
    public static var mostBytes: Int { 1024 }

    public var code: String {
        switch self {
        case .tooLarge: "state-relay.too-large"
        case .full: "state-relay.full"
        case .unknownSlot: "state-relay.unknown-slot"
        case .unavailable: "state-relay.unavailable"
        case .cancelled: "state-relay.cancelled"
        }
    }

    public var message: String {
        switch self {
        case .tooLarge(let bytes, let most): "The message has \(bytes) bytes, and \(most) is the most."
        case .full: "The relay has no room left."
        case .unknownSlot(let slot): "Nothing can be put or read under '\(slot.prefix(100))' here."
        case .unavailable(let reason): "The relay cannot be used: \(reason)."
        case .cancelled: "The work was cancelled."
        }
    }

    public var remedy: String? {
        switch self {
        case .full, .unavailable: "Try again later: states are put there again."
        case .unknownSlot: "Pin the channel first, and write in this side's own slots only."
        case .tooLarge, .cancelled: nil
        }
    }
}
