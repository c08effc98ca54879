// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives

/// What an answer says of the payment.
enum Receipt {
    /// The last receipt on each connection must tell the sum of all payments of its channel, or some were not charged.
    static func check(_ last: [String], _ wallet: Wallet) throws {
        try check(last, totals: last.indices.map(wallet.ceiling(ofLastIn:)))
    }

    static func check(_ last: [String], totals: [Amount]) throws {
        for (answer, total) in zip(last, totals) {
            guard let text = field("payment-response", of: answer) else {
                throw WrongResult("An answer has no receipt: \(answer.prefix(200))")
            }
            try check(text, for: total)
        }
    }

    /// - Parameter text: As a header carries it.
    static func check(_ text: String, for paid: Amount) throws {
        let receipt = try JSON.parse(try Base64.decode(text, maximumBytes: 65_536))
        guard receipt["success"]?.boolValue == true, charged(receipt) == paid else {
            throw WrongResult("The last receipt is not for all that was paid, \(paid): \(receipt)")
        }
    }

    /// The sum of all charges so far, of a receipt as a header carries it.
    static func charged(inHeader text: String) throws -> Amount? {
        charged(try JSON.parse(try Base64.decode(text, maximumBytes: 65_536)))
    }

    /// The sum of all charges so far.
    static func charged(_ receipt: JSON) -> Amount? {
        let state = receipt["extra"]?["channelState"]
        // Of vouchers, and of all other schemes.
        return (state?["chargedCumulativeAmount"] ?? state?["charged"])?.stringValue.flatMap(Amount.init(wire:))
    }

    /// - Parameter name: In lower case.
    static func field(_ name: String, of answer: String) -> String? {
        answer.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }
}
