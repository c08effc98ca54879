// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import Synchronization

/// Many payers with a channel each, who sign for request after request.
final class Wallet: Sendable {
    static let price = Amount(units: 1000)
    /// Enough for all rounds that anybody has the patience for.
    private static let deposit = Amount(units: 1_000_000_000_000_000)

    let channels: [BenchChannel]
    private let token: Token
    /// What a 402 said: the offer, and what else a client sends back.
    let required: JSON
    private let requests: Mutex<[UInt128]>

    init(channels count: Int, required: JSON, domain: SettlementDomain, token: Token) throws {
        guard let accepted = required["accepts"]?.arrayValue?.first, let offer = VoucherOffer(accepted, token: token)
        else { throw WrongResult("The 402 offers nothing that can be taken: \(required)") }
        self.token = token
        self.required = required
        channels = (0..<count).map { BenchChannel(number: $0, offer: offer, domain: domain) }
        requests = Mutex(Array(repeating: 0, count: count))
    }

    /// Gives every payer money and locks it in its channel.
    func fund(on ledger: Ledger) async throws {
        for channel in channels {
            try await ledger.mint(to: channel.terms.payer, token: token.address, amount: Self.deposit)
            _ = try await ledger.deposit(channel.deposit(Self.deposit, of: token))
        }
    }

    /// The next ceiling of a channel: one price above the last.
    func raise(_ channel: Int) -> Amount {
        let count = requests.withLock { requests in
            requests[channel] += 1
            return requests[channel]
        }
        return Self.price.multiplied(by: count) ?? .max
    }

    /// How high a channel was last signed.
    func ceiling(of channel: Int) -> Amount { Self.price.multiplied(by: requests.withLock { $0[channel] }) ?? .max }

    /// Signs the payments of a turn, as the text of their headers.
    ///
    /// - Parameter lanes: How many senders share the channels; each gets channels of its own, and goes round in them.
    /// - Returns: What each sender sends, in order.
    func headers(_ count: Int, lanes: Int) -> [[String]] {
        (0..<lanes).map { lane in
            let own = Array(stride(from: lane, to: channels.count, by: lanes))
            return (0..<max(1, count / lanes)).map { header(own[$0 % own.count]) }
        }
    }

    /// A payment with all that x402's own clients send: the offer, the resource and the extensions are echoed.
    private func header(_ channel: Int) -> String {
        let payment = JSON.object([
            "x402Version": 2, "payload": channels[channel].payload(upTo: raise(channel)),
            "extensions": required["extensions"], "resource": required["resource"],
            "accepted": required["accepts"]?.arrayValue?.first,
        ])
        return Base64.encode(payment.bytes)
    }
}

extension VoucherOffer {
    fileprivate init?(_ accepted: JSON, token: Token) {
        guard let receiver = accepted["payTo"]?.stringValue.flatMap(Address.init(hex:)),
            let authorizer = accepted["extra"]?["receiverAuthorizer"]?.stringValue.flatMap(Address.init(hex:)),
            let delay = accepted["extra"]?["withdrawDelay"]?.integerValue
        else { return nil }
        self.init(
            receiver: receiver, receiverAuthorizer: authorizer, token: token, withdrawDelay: UInt64(clamping: delay))
    }
}
