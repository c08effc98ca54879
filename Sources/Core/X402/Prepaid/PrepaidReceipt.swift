// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
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
    public func header<Scheme: PrepaidWire>(of channel: Scheme, by payee: PayeeKey) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(512)
        text += head
        channel.purse.lastCharge.writeDigits(to: &text)
        text += Self.afterCharge
        Hex.write(channel.id.hash, to: &text)
        text += Self.afterID
        channel.purse.authorised.writeDigits(to: &text)
        text += Self.afterAuthorised
        channel.purse.charged.writeDigits(to: &text)
        text += Self.afterCharged
        channel.purse.credit.writeDigits(to: &text)
        text.append(UInt8(ascii: "\""))
        for member in channel.statement(by: payee) {
            text += Self.beforeName
            text += member.name.utf8
            text += Self.afterName
            text += member.value.bytes
        }
        text += Self.end
        return Base64.encode(text)
    }

    private static let afterCharge = Array(#"","channelState":{"channelId":"0x"#.utf8)
    private static let afterID = Array(#"","authorised":""#.utf8)
    private static let afterAuthorised = Array(#"","charged":""#.utf8)
    private static let afterCharged = Array(#"","credit":""#.utf8)
    private static let beforeName = Array(#",""#.utf8)
    private static let afterName = Array(#"":"#.utf8)
    private static let end = Array("}}}".utf8)
}
