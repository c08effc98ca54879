// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives
import FarthingX402

/// A payload that is a voucher and nothing else, read in one pass without a JSON value in between.
///
/// It is what ``VoucherPayload`` calls `voucher`; all other payloads, and all that is wrong with one, are left to that.
public struct PlainVoucher: Sendable {
    public let terms: ChannelTerms
    public let channel: ChannelID
    public let ceiling: Amount
    public let signature: Signature
    /// Where the payer's address stands in the text, as the payer wrote it.
    public let payerText: Range<Int>

    /// Reads `{"type":"voucher","channelConfig":{…},"voucher":{…}}` with the members in any order.
    ///
    /// - Returns: `nil` when there is anything else in it, or anything wrong with it.
    public init?(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) {
        var config: Config?
        var voucher: Signed?
        var hasType = false
        guard cursor.takes(UInt8(ascii: "{"), in: bytes) else { return nil }
        repeat {
            guard let name = cursor.string(in: bytes), cursor.takes(UInt8(ascii: ":"), in: bytes) else { return nil }
            if Self.type.matches(name, in: bytes) {
                guard !hasType, let type = cursor.string(in: bytes), Self.voucher.matches(type, in: bytes) else {
                    return nil
                }
                hasType = true
            } else if Self.channelConfig.matches(name, in: bytes) {
                guard config == nil, let read = Config(&cursor, in: bytes) else { return nil }
                config = read
            } else if Self.voucher.matches(name, in: bytes) {
                guard voucher == nil, let read = Signed(&cursor, in: bytes) else { return nil }
                voucher = read
            } else {
                return nil
            }
        } while cursor.takes(UInt8(ascii: ","), in: bytes)
        guard cursor.takes(UInt8(ascii: "}"), in: bytes), hasType, let config, let voucher else { return nil }
        (terms, payerText) = (config.terms, config.payerText)
        (channel, ceiling, signature) = (voucher.channel, voucher.ceiling, voucher.signature)
    }

    private static let type = MemberName("type")
    private static let channelConfig = MemberName("channelConfig")
    private static let voucher = MemberName("voucher")
}

/// `voucher`: the channel's id, the ceiling and the signature.
private struct Signed {
    let channel: ChannelID
    let ceiling: Amount
    let signature: Signature

    private static let names = [
        MemberName("channelId"), MemberName("maxClaimableAmount"), MemberName("signature"),
    ]

    init?(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) {
        guard let texts = PlainTexts(Self.names, &cursor, in: bytes),
            let channel = Hash32(hex: bytes.extracting(texts[0])),
            let ceiling = Amount(shortWire: bytes.extracting(texts[1])),
            let signature = Signature(hex: bytes.extracting(texts[2]))
        else { return nil }
        (self.channel, self.ceiling, self.signature) = (ChannelID(channel), ceiling, signature)
    }
}

/// `channelConfig`: the terms.
private struct Config {
    let terms: ChannelTerms
    let payerText: Range<Int>

    private static let addresses = [
        MemberName("payer"), MemberName("payerAuthorizer"), MemberName("receiver"), MemberName("receiverAuthorizer"),
        MemberName("token"),
    ]
    private static let withdrawDelay = MemberName("withdrawDelay")
    private static let salt = MemberName("salt")

    init?(_ cursor: inout JSONCursor, in bytes: Span<UInt8>) {
        var terms = ChannelTerms(
            payer: .zero, payerAuthorizer: .zero, receiver: .zero, receiverAuthorizer: .zero, token: .zero,
            withdrawDelay: 0)
        var payerText = 0..<0
        var seen = 0
        guard cursor.takes(UInt8(ascii: "{"), in: bytes) else { return nil }
        repeat {
            guard let name = cursor.string(in: bytes), cursor.takes(UInt8(ascii: ":"), in: bytes),
                let member = Self.member(name, in: bytes), seen & 1 << member == 0
            else { return nil }
            seen |= 1 << member
            if member == 5 {
                guard let delay = cursor.wholeNumber(in: bytes) else { return nil }
                terms.withdrawDelay = delay
                continue
            }
            guard let value = cursor.string(in: bytes) else { return nil }
            let text = bytes.extracting(value)
            if member == 6 {
                guard let salt = Hash32(hex: text) else { return nil }
                terms.salt = salt
                continue
            }
            guard let address = Address(hex: text) else { return nil }
            switch member {
            case 0: (terms.payer, payerText) = (address, value)
            case 1: terms.payerAuthorizer = address
            case 2: terms.receiver = address
            case 3: terms.receiverAuthorizer = address
            default: terms.token = address
            }
        } while cursor.takes(UInt8(ascii: ","), in: bytes)
        guard cursor.takes(UInt8(ascii: "}"), in: bytes), seen == 0b111_1111 else { return nil }
        self.terms = terms
        self.payerText = payerText
    }

    /// The place of a member in `ChannelConfig`.
    private static func member(_ name: Range<Int>, in bytes: Span<UInt8>) -> Int? {
        switch name.count {
        case 13: return withdrawDelay.matches(name, in: bytes) ? 5 : nil
        case 4: return salt.matches(name, in: bytes) ? 6 : nil
        default: return addresses.firstIndex { $0.matches(name, in: bytes) }
        }
    }
}
