// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// Reads the envelope of a payment in one pass, when all in it is known but the payload.
///
/// It takes exactly what `PaymentPayload` would take, and means the same by it; whatever it does not foresee it leaves
/// to that. So it is never the one to refuse.
public enum PaymentScan {
    @usableFromInline static let versionName = MemberName("x402Version")
    @usableFromInline static let acceptedName = MemberName("accepted")
    @usableFromInline static let payloadName = MemberName("payload")
    @usableFromInline static let extensionsName = MemberName("extensions")

    /// It is compiled for each kind of payload, since every payment passes here.
    ///
    /// - Parameters:
    ///   - familiar: What is known of payments for the offer in question.
    ///   - readPayload: Reads the payload where it begins, and steps over it.
    /// - Returns: What `readPayload` made of it and what the extensions mean, or `nil` when the text must be read in full.
    @inlinable
    public static func read<Payload>(
        _ bytes: Span<UInt8>, familiar: FamiliarTexts,
        payload readPayload: (inout JSONCursor, Span<UInt8>) -> Payload?
    ) -> (payload: Payload, meaning: (any Sendable)?)? {
        var cursor = JSONCursor()
        var payload: Payload?
        var meaning: (any Sendable)?
        var seen = Seen()
        guard cursor.takes(UInt8(ascii: "{"), in: bytes) else { return nil }
        repeat {
            guard let name = cursor.string(in: bytes), cursor.takes(UInt8(ascii: ":"), in: bytes) else { return nil }
            if payloadName.matches(name, in: bytes) {
                guard payload == nil, let read = readPayload(&cursor, bytes) else { return nil }
                payload = read
            } else if acceptedName.matches(name, in: bytes) {
                guard seen.note(.accepted), familiar.take(.accepted, at: &cursor, in: bytes) != nil else { return nil }
            } else if extensionsName.matches(name, in: bytes) {
                guard seen.note(.extensions), let taken = familiar.take(.extensions, at: &cursor, in: bytes) else {
                    return nil
                }
                meaning = taken.meaning
            } else if versionName.matches(name, in: bytes) {
                guard seen.note(.version), cursor.wholeNumber(in: bytes) == 2 else { return nil }
            } else {
                let other = bytes.extracting(name).withUnsafeBufferPointer { Array($0) }
                guard seen.note(.other), familiar.take(.other(other), at: &cursor, in: bytes) != nil else { return nil }
            }
        } while cursor.takes(UInt8(ascii: ","), in: bytes)
        guard cursor.takes(UInt8(ascii: "}"), in: bytes), cursor.isAtEnd(of: bytes), seen.hasAll, let payload else {
            return nil
        }
        return (payload, meaning)
    }

    /// Which members came already: a text with two of one name is none that may be read here.
    @usableFromInline struct Seen {
        @usableFromInline enum Member: UInt8 {
            case version = 1
            case accepted = 2
            case extensions = 4
            // One member besides those of the standard: more than one is read in full.
            case other = 8
        }

        @usableFromInline var bits: UInt8 = 0
        @usableFromInline init() {}
        @inlinable var hasAll: Bool { bits & 3 == 3 }

        @inlinable mutating func note(_ member: Member) -> Bool {
            defer { bits |= member.rawValue }
            return bits & member.rawValue == 0
        }
    }
}
