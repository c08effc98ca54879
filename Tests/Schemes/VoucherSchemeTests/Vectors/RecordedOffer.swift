// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

/// An offer as it was recorded: one of `accepts`, or `accepted`, or `paymentRequirements`.
struct RecordedOffer {
    let offer: VoucherOffer
    let price: Amount
    let domain: SettlementDomain
    /// How long a payer makes its deposit valid.
    let timeout: UInt64

    init(_ json: JSON) throws {
        let token = TokenDomain(
            address: try json.address("asset"), name: try json.text("extra.name"),
            version: try json.text("extra.version"))
        offer = VoucherOffer(
            receiver: try json.address("payTo"), receiverAuthorizer: try json.address("extra.receiverAuthorizer"),
            token: Token(domain: token, symbol: token.name, decimals: 6),
            withdrawDelay: try json.integer("extra.withdrawDelay"), minimumDeposit: try json.amount("extra.minDeposit"))
        price = try json.amount("amount")
        let network = try #require(Network(try json.text("network")))
        domain = try #require(SettlementDomain(network: network))
        timeout = try json.integer("maxTimeoutSeconds")
    }

    /// All that can be checked without knowing the channel, in x402's order.
    func check(_ payload: VoucherPayload, at now: Instant) throws -> (Voucher, SignedDeposit?) {
        try offer.check(payload.terms)
        var deposit: SignedDeposit?
        if case .deposit(let terms, _, let unverified) = payload {
            deposit = try unverified.verified(for: terms, token: offer.token.domain, in: domain, at: now)
        }
        return (try payload.voucher.verified(by: nil, under: payload.terms, in: domain), deposit)
    }
}
