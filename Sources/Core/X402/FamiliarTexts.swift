// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
import Synchronization

/// Texts of payments that were read in full once, so that the same text need not be read again.
///
/// Payers echo the offer, the resource and the extensions with each payment, always in the same words. A text that is
/// known byte for byte says what it said before; any other is read as if nothing were known. It is kept for one offer.
///
/// - Range: 16 texts of 4 KiB at most; a new one takes the place of the oldest.
public final class FamiliarTexts: Sendable {
    /// The member of a `PaymentPayload` that a text was.
    public enum Member: Hashable, Sendable {
        case accepted
        case extensions
        /// One of those that nobody reads, such as `resource`, by its name.
        case other([UInt8])
    }

    private struct Known: Sendable {
        let member: Member
        let text: [UInt8]
        let meaning: (any Sendable)?
    }

    private struct Contents {
        var known: [Known] = []
        var oldest = 0
    }

    private static let capacity = 16
    private static let longestText = 4096
    private let contents = Mutex(Contents())

    public init() {}

    /// Remembers the members of a payment that was read in full and matched the offer, except its `payload`.
    ///
    /// - Parameters:
    ///   - bytes: The JSON text; it must be one that `PaymentPayload` took.
    ///   - meaning: What its extensions mean to whoever reads such payments; told again by ``PaymentScan``.
    public func learn(_ bytes: [UInt8], meaning: (any Sendable)? = nil) {
        guard let members = Self.members(of: bytes) else { return }
        contents.withLock { contents in
            for (member, range) in members where range.count <= Self.longestText {
                let text = Array(bytes[range])
                guard !contents.known.contains(where: { $0.member == member && $0.text == text }) else { continue }
                let known = Known(member: member, text: text, meaning: member == .extensions ? meaning : nil)
                if contents.known.count < Self.capacity {
                    contents.known.append(known)
                } else {
                    contents.known[contents.oldest] = known
                    contents.oldest = (contents.oldest + 1) % Self.capacity
                }
            }
        }
    }

    /// A member's value that was stepped over.
    @usableFromInline struct Taken {
        @usableFromInline let meaning: (any Sendable)?
    }

    /// Steps over a member's value when it is known.
    @usableFromInline func take(_ member: Member, at cursor: inout JSONCursor, in bytes: Span<UInt8>) -> Taken? {
        // A span cannot be taken into the lock.
        let known = contents.withLock { $0.known }
        for index in known.indices where known[index].member == member {
            if cursor.takes(exactly: known[index].text, in: bytes) { return Taken(meaning: known[index].meaning) }
        }
        return nil
    }

    /// Where the members lie that can be remembered.
    private static func members(of bytes: [UInt8]) -> [(Member, Range<Int>)]? {
        let text = bytes.span
        var cursor = JSONCursor()
        var members: [(Member, Range<Int>)] = []
        guard cursor.takes(UInt8(ascii: "{"), in: text) else { return nil }
        repeat {
            guard let name = cursor.string(in: text), cursor.takes(UInt8(ascii: ":"), in: text) else { return nil }
            // White space in front of a value is no part of it.
            guard let range = cursor.checkedValue(in: text) else { return nil }
            if PaymentScan.acceptedName.matches(name, in: text) {
                members.append((.accepted, range))
            } else if PaymentScan.extensionsName.matches(name, in: text) {
                members.append((.extensions, range))
            } else if !PaymentScan.versionName.matches(name, in: text), !PaymentScan.payloadName.matches(name, in: text)
            {
                members.append((.other(Array(bytes[name])), range))
            }
        } while cursor.takes(UInt8(ascii: ","), in: text)
        return members
    }
}
