// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives

/// A payload that is a payment and nothing else, read in one pass without a JSON value in between.
///
/// It is what ``PrepaidPayload`` calls `payment`; all other payloads, and all that is wrong with one, are left to that.
public struct PlainPrepaid<Scheme: PrepaidWire>: Sendable {
    public let channel: ChannelID
    public let payment: Scheme.Unverified

    @inlinable public init(channel: ChannelID, payment: Scheme.Unverified) {
        (self.channel, self.payment) = (channel, payment)
    }

    /// Reads `{"type":"payment","channelId":"0x…","payment":{…}}` with the members in any order.
    ///
    /// - Returns: `nil` when there is anything else in it, or anything wrong with it.
    @inlinable public init?(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) {
        var channel: Hash32?
        var payment: Scheme.Unverified?
        var hasType = false
        guard cursor.takes(UInt8(ascii: "{"), in: bytes) else { return nil }
        repeat {
            guard let name = cursor.string(in: bytes), cursor.takes(UInt8(ascii: ":"), in: bytes) else { return nil }
            if PrepaidNames.type.matches(name, in: bytes) {
                guard !hasType, let type = cursor.string(in: bytes), PrepaidNames.payment.matches(type, in: bytes)
                else { return nil }
                hasType = true
            } else if PrepaidNames.channelID.matches(name, in: bytes) {
                guard channel == nil, let text = cursor.string(in: bytes),
                    let hash = Hash32(hex: bytes.extracting(text))
                else { return nil }
                channel = hash
            } else if PrepaidNames.payment.matches(name, in: bytes) {
                guard payment == nil, let read = Scheme.payment(&cursor, in: bytes) else { return nil }
                payment = read
            } else {
                return nil
            }
        } while cursor.takes(UInt8(ascii: ","), in: bytes)
        guard cursor.takes(UInt8(ascii: "}"), in: bytes), hasType, let channel, let payment else { return nil }
        (self.channel, self.payment) = (ChannelID(channel), payment)
    }
}

@usableFromInline enum PrepaidNames {
    @usableFromInline static let type = MemberName("type")
    @usableFromInline static let payment = MemberName("payment")
    @usableFromInline static let channelID = MemberName("channelId")
}
