// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// Writes the answer to a voucher as it travels in `PAYMENT-RESPONSE`, in one go.
///
/// The same as the `SettleResponse` for a charge that moved nothing on the ledger, without a JSON value in between.
///
/// - Source: x402 v2, `SettleResponse`; scheme `batch-settlement`, `extra` of the answer to a voucher.
public struct VoucherReceipt: Sendable {
    private let network: [UInt8]

    public init(network: Network) { self.network = Array("\(network)".utf8) }

    /// - Parameters:
    ///   - channel: The channel after the charge.
    ///   - payer: The payer's address as text: `0x` and 40 digits.
    /// - Returns: The header's value.
    public func header(of channel: VoucherChannel, payer: ArraySlice<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(640)
        text += Self.start
        text += payer
        text += Self.afterPayer
        text += network
        text += Self.afterNetwork
        channel.lastCharge.writeDigits(to: &text)
        text += Self.afterCharged
        Hex.write(channel.id.hash, to: &text)
        text += Self.afterID
        channel.ledger.balance.writeDigits(to: &text)
        text += Self.afterBalance
        channel.ledger.totalClaimed.writeDigits(to: &text)
        text += Self.afterClaimed
        Self.write(channel.ledger.withdrawal?.requestedAt.unixSeconds ?? 0, to: &text)
        text += Self.afterWithdrawal
        Amount(units: UInt128(channel.ledger.refundNonce)).writeDigits(to: &text)
        text += Self.afterNonce
        channel.charged.writeDigits(to: &text)
        text += Self.end
        return Base64.encode(text)
    }

    private static let start = Array(#"{"success":true,"payer":""#.utf8)
    private static let afterPayer = Array(#"","transaction":"","network":""#.utf8)
    private static let afterNetwork = Array(#"","amount":"","extra":{"chargedAmount":""#.utf8)
    private static let afterCharged = Array(#"","channelState":{"channelId":"0x"#.utf8)
    private static let afterID = Array(#"","balance":""#.utf8)
    private static let afterBalance = Array(#"","totalClaimed":""#.utf8)
    private static let afterClaimed = Array(#"","withdrawRequestedAt":"#.utf8)
    private static let afterWithdrawal = Array(#","refundNonce":""#.utf8)
    private static let afterNonce = Array(#"","chargedCumulativeAmount":""#.utf8)
    private static let end = Array(#""}}}"#.utf8)

    private static func write(_ number: Int64, to text: inout [UInt8]) {
        if number < 0 { text.append(UInt8(ascii: "-")) }
        Amount(units: UInt128(number.magnitude)).writeDigits(to: &text)
    }
}
