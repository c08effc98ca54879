// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingEncodings
public import FarthingPrimitives

/// Writes the answer to a payment as it travels in `PAYMENT-RESPONSE`, in one go.
///
/// The same as the `SettleResponse` for a charge that moved nothing on the ledger, without a JSON value in between.
public struct PrepaidReceipt: Sendable {
    private let head: [UInt8]

    public init(network: Network) {
        head = Array(
            #"{"success":true,"transaction":"","network":"\#(network)","amount":"","extra":{"chargedAmount":""#.utf8)
    }

    /// - Parameters:
    ///   - channel: The channel after the charge.
    ///   - payee: Whose answer it is.
    /// - Returns: The header's value.
    @inlinable
    public func header<Scheme: PrepaidWire>(of channel: Scheme, by payee: PayeeKey) -> String {
        var statement = begin(channel.id, channel.purse)
        channel.write(to: &statement, by: payee)
        return end(statement)
    }

    @usableFromInline func begin(_ channel: ChannelID, _ purse: Purse) -> StatementText {
        var text: [UInt8] = []
        text.reserveCapacity(640)
        text += head
        purse.lastCharge.writeDigits(to: &text)
        text += Self.afterCharge
        Hex.write(channel.hash, to: &text)
        text += Self.afterID
        purse.authorised.writeDigits(to: &text)
        text += Self.afterAuthorised
        purse.charged.writeDigits(to: &text)
        text += Self.afterCharged
        purse.credit.writeDigits(to: &text)
        text.append(UInt8(ascii: "\""))
        return StatementText(bytes: text)
    }

    @usableFromInline func end(_ statement: StatementText) -> String {
        Base64.encode(statement.bytes + Self.end)
    }

    private static let afterCharge = Array(#"","channelState":{"channelId":"0x"#.utf8)
    private static let afterID = Array(#"","authorised":""#.utf8)
    private static let afterAuthorised = Array(#"","charged":""#.utf8)
    private static let afterCharged = Array(#"","credit":""#.utf8)
    private static let end = Array("}}}".utf8)
}
