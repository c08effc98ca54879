// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives

// What a payee sends to a facilitator, as it travels.
//
// Source: x402 v2, scheme `batch-settlement` on EVM, payload types `deposit`, `refund`, `claim` and `settle`.

extension SignedCeiling {
    func json(of channel: ChannelID) -> JSON {
        [
            "channelId": .string("\(channel)"), "maxClaimableAmount": .string("\(ceiling)"),
            "signature": .string(signature.hex),
        ]
    }

    /// A payload that only shows the voucher, so that the channel is shown in return.
    ///
    /// It says `refund` rather than `voucher`, because the one may total as much as was claimed and the other must
    /// total more. Nothing is paid back by asking.
    public func showing(of channel: ChannelID) -> JSON {
        ["type": "refund", "channelConfig": terms.json, "voucher": json(of: channel)]
    }
}

/// A payer's leave for Permit2, as it travels.
///
/// - Source: x402 v2, scheme `batch-settlement` on EVM, `permit2Authorization`.
public enum Permit2Leave {
    public static func json(
        _ amount: Amount, nonce: Hash32, deadline: UInt64, under terms: ChannelTerms, in channel: ChannelID,
        to spender: Address, signature: String
    ) -> JSON {
        [
            "from": .string(terms.payer.checksummed),
            "permitted": ["token": .string(terms.token.checksummed), "amount": .string("\(amount)")],
            "spender": .string(spender.checksummed), "nonce": .string(nonce.decimal),
            "deadline": .string("\(deadline)"), "witness": ["channelId": .string("\(channel)")],
            "signature": .string(signature),
        ]
    }
}

extension SignedDeposit {
    /// - Parameters:
    ///   - voucher: What the deposit came with.
    ///   - collector: Who takes deposits by Permit2.
    public func payload(
        with voucher: SignedCeiling, of channel: ChannelID,
        permit2Collector collector: Address = SettlementDomain.standardPermit2Collector
    ) -> JSON {
        [
            "type": "deposit", "channelConfig": terms.json, "voucher": voucher.json(of: channel),
            "deposit": [
                "amount": .string("\(amount)"),
                "authorization": leave(for: channel, to: collector),
            ],
        ]
    }

    private func leave(for channel: ChannelID, to collector: Address) -> JSON {
        switch authorization.method {
        case .eip3009:
            [
                "erc3009Authorization": [
                    "validAfter": .string("\(authorization.validAfter)"),
                    "validBefore": .string("\(authorization.validBefore)"),
                    "salt": .string(authorization.salt.hex),
                    "signature": .string(authorization.signature.hex),
                ]
            ]
        case .permit2:
            [
                "permit2Authorization": Permit2Leave.json(
                    amount, nonce: authorization.salt, deadline: authorization.validBefore, under: terms, in: channel,
                    to: collector, signature: authorization.signature.hex)
            ]
        }
    }
}

extension ClaimRow {
    var json: JSON {
        [
            "voucher": ["channel": terms.json, "maxClaimableAmount": .string("\(ceiling)")],
            "signature": .string(signature.hex), "totalClaimed": .string("\(total)"),
        ]
    }

    /// The payload that claims a batch.
    ///
    /// - Parameter authorization: By the rows' common `receiverAuthorizer`.
    public static func payload(_ rows: [ClaimRow], authorization: Signature) -> JSON {
        [
            "type": "claim", "claims": .array(rows.map(\.json)),
            "claimAuthorizerSignature": .string(authorization.hex),
        ]
    }
}

extension RefundOrder {
    /// - Returns: `nil` without the voucher, which a facilitator wants to see.
    public func payload(of channel: ChannelID) -> JSON? {
        guard let voucher else { return nil }
        return [
            "type": "refund", "channelConfig": terms.json, "voucher": voucher.json(of: channel),
            "amount": .string("\(amount)"), "refundNonce": .string("\(nonce)"), "claims": [],
            "refundAuthorizerSignature": .string(signature.hex),
        ]
    }
}

/// The order to pay a receiver what was claimed for it.
public enum PayoutOrder {
    public static func payload(receiver: Address, token: Address) -> JSON {
        ["type": "settle", "receiver": .string(receiver.checksummed), "token": .string(token.checksummed)]
    }
}
