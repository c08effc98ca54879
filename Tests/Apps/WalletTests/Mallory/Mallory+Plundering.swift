// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Foundation

extension Mallory {
    /// Submits every deposit and the highest voucher of each channel to the ledger.
    ///
    /// - Returns: What her receiver holds then: all that can be taken with what was signed.
    func plunder() async throws -> Amount {
        let ledger = market.ledger
        var best: [ChannelID: (terms: ChannelTerms, ceiling: Amount, signature: Signature)] = [:]
        for payload in payloads {
            if case .deposit(let terms, _, let deposit) = payload { try? await lock(deposit, under: terms) }
            let (terms, voucher) = (payload.terms, payload.voucher)
            guard let signature = try? Signature(voucher.signature) else { continue }
            if let known = best[voucher.channel], known.ceiling >= voucher.ceiling { continue }
            best[voucher.channel] = (terms, voucher.ceiling, signature)
        }
        for (channel, voucher) in best {
            guard let held = try await ledger.snapshot(of: channel) else { continue }
            let total = min(voucher.ceiling, held.balance)
            let row = ClaimRow(
                terms: voucher.terms, ceiling: voucher.ceiling, signature: voucher.signature, total: total)
            let digest = ledger.domain.claimBatchDigest([(channel, voucher.ceiling, total)])
            _ = try? await ledger.claim([row], authorization: authorizer.signNow(digest))
        }
        _ = try? await ledger.settle(receiver: receiver.address, token: Market.token.address)
        return try await ledger.balance(of: receiver.address, token: Market.token.address)
    }

    /// Locks a deposit, as an honest payee would.
    func lock(_ deposit: UnverifiedDeposit, under terms: ChannelTerms) async throws {
        let now = Instant(unixSeconds: Int64(Date().timeIntervalSince1970))
        _ = try await market.ledger.deposit(
            try deposit.verified(for: terms, token: Market.token.domain, in: market.ledger.domain, at: now))
    }

    // MARK: - What she says

    func offer(
        _ price: UInt64 = 1000, minimum: UInt64? = nil, payTo: Address? = nil, network: Network = Market.network,
        asset: Address = Market.token.address, extra: JSON = [:]
    ) -> PaymentRequirements {
        var token = Market.token
        token = Token(
            domain: TokenDomain(address: asset, name: token.domain.name, version: token.domain.version), symbol: "USDC",
            decimals: 6)
        let terms = VoucherOffer(
            receiver: payTo ?? receiver.address, receiverAuthorizer: authorizer.address, token: token,
            withdrawDelay: 900, minimumDeposit: minimum.map { Amount(units: UInt128($0)) })
        var all = JSON.object([])
        // What is said last counts.
        for member in (terms.extra.members ?? []) where extra[member.name] == nil {
            all = all.adding(member.name, member.value)
        }
        for member in extra.members ?? [] { all = all.adding(member.name, member.value) }
        return PaymentRequirements(
            scheme: VoucherOffer.scheme, network: network, amount: Amount(units: UInt128(price)), asset: asset,
            payTo: payTo ?? receiver.address, maxTimeoutSeconds: 60, extra: all)
    }

    /// A 402 with these offers.
    func demand(_ offers: PaymentRequirements..., error: String = "payment required") -> Answer {
        let required = PaymentRequired(error: error, resource: .init(url: url), accepts: offers)
        return Answer(status: 402, headers: [("PAYMENT-REQUIRED", Base64.encode(required.json.bytes))])
    }

    /// A 402 that says how she counts.
    func correction(
        _ channel: ChannelID, charged: String, balance: String = "10000", claimed: String = "0",
        voucher: UnverifiedVoucher? = nil, error: String = "cumulative_amount_mismatch"
    ) -> Answer {
        var extra: JSON = [
            "channelState": [
                "channelId": .string("\(channel)"), "balance": .string(balance), "totalClaimed": .string(claimed),
                "withdrawRequestedAt": 0, "refundNonce": "0", "chargedCumulativeAmount": .string(charged),
            ]
        ]
        if let voucher {
            extra = extra.adding(
                "voucherState",
                [
                    "signedMaxClaimable": .string("\(voucher.ceiling)"),
                    "signature": .string(Hex.encode(voucher.signature)),
                ])
        }
        return demand(offer(extra: extra), error: error)
    }

    /// A 200 with a receipt.
    ///
    /// - Parameter charged: `extra.chargedAmount` as it stands; `nil` leaves it out.
    func serve(
        _ visit: Visit, charged: JSON? = "1000", network: Network = Market.network, payer: Address? = nil
    ) -> Answer {
        let response = SettleResponse(
            success: true, payer: payer ?? visit.payload?.terms.payer, network: network,
            extra: .object(["chargedAmount": charged]))
        return Answer(headers: [("PAYMENT-RESPONSE", response.header)])
    }
}

extension VoucherPayload {
    var terms: ChannelTerms {
        switch self {
        case .voucher(let terms, _), .deposit(let terms, _, _), .refund(let terms, _, _): terms
        }
    }
}
