// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402

/// What a payee sends to be settled that no payer signs for: claims, payouts and the payee's half of a refund.
///
/// Nothing in it was checked but its form.
///
/// - Source: x402 v2, scheme `batch-settlement` on EVM, payload types `claim`, `settle` and the completed `refund`.
enum PayeeOrder {
    case claim(UnverifiedClaims)
    case settle(receiver: Address, token: Address)
    case refund(Refund)

    struct Refund {
        var terms: ChannelTerms
        var amount: Amount
        var nonce: UInt64
        var claims: UnverifiedClaims
        /// `nil` when the facilitator is to sign.
        var signature: Signature?
    }

    /// - Returns: `nil` for payloads of other types.
    init?(_ json: JSON) throws(FacilitatorRefusal) {
        switch json["type"]?.stringValue {
        case "claim":
            let claims = try UnverifiedClaims(json, code: .claimPayload)
            guard !claims.rows.isEmpty else { throw FacilitatorRefusal(.claimPayload, "There is no claim.") }
            self = .claim(claims)
        case "settle":
            guard let receiver = json["receiver"]?.stringValue.flatMap(Address.init(hex:)),
                let token = json["token"]?.stringValue.flatMap(Address.init(hex:))
            else { throw FacilitatorRefusal(.settlePayload, "'receiver' and 'token' must be addresses.") }
            self = .settle(receiver: receiver, token: token)
        case "refund" where json["refundNonce"] != nil && json["claims"] != nil:
            guard let terms = ChannelTerms(json: json["channelConfig"]),
                let amount = json["amount"]?.stringValue.flatMap(Amount.init(wire:)),
                let nonce = json["refundNonce"]?.stringValue.flatMap(Amount.init(wire:))
                    .flatMap({ UInt64(exactly: $0.units) })
            else { throw FacilitatorRefusal(.refundPayload, "A member is missing or malformed.") }
            var signature: Signature?
            if let text = json["refundAuthorizerSignature"] {
                signature = Signature(json: text)
                guard signature != nil else {
                    throw FacilitatorRefusal(.refundPayload, "'refundAuthorizerSignature' is no signature.")
                }
            }
            self = .refund(
                Refund(
                    terms: terms, amount: amount, nonce: nonce,
                    claims: try UnverifiedClaims(json, code: .refundPayload), signature: signature))
        default: return nil
        }
    }
}

/// Rows to be claimed, as they came from outside.
struct UnverifiedClaims {
    var rows: [ClaimRow] = []
    /// `nil` when the facilitator is to sign.
    var authorization: Signature?

    /// How many rows one order may have.
    ///
    /// - Source: the official server's default.
    static let maximumRows = 100

    /// - Parameter code: Under which a fault is told.
    init(_ json: JSON, code: FacilitatorCode) throws(FacilitatorRefusal) {
        guard let claims = json["claims"]?.arrayValue else { throw FacilitatorRefusal(code, "'claims' is no list.") }
        guard claims.count <= Self.maximumRows else {
            throw FacilitatorRefusal(code, "There are \(claims.count) claims; \(Self.maximumRows) are taken at once.")
        }
        for (index, claim) in claims.enumerated() {
            guard let row = ClaimRow(json: claim) else {
                throw FacilitatorRefusal(code, "Claim \(index) cannot be read: a member is missing or malformed.")
            }
            rows.append(row)
        }
        if let text = json["claimAuthorizerSignature"], text.stringValue != "" {
            authorization = Signature(json: text)
            guard authorization != nil else {
                throw FacilitatorRefusal(code, "'claimAuthorizerSignature' is no signature.")
            }
        }
    }
}

extension ClaimRow {
    /// A row whose signature is none at all is read as one that nobody made, so that it is refused by itself.
    fileprivate init?(json: JSON) {
        guard let terms = ChannelTerms(json: json["voucher"]?["channel"]),
            let ceiling = json["voucher"]?["maxClaimableAmount"]?.stringValue.flatMap(Amount.init(wire:)),
            let total = json["totalClaimed"]?.stringValue.flatMap(Amount.init(wire:)),
            let text = json["signature"], text.stringValue != nil,
            let signature = Signature(json: text) ?? Signature.nobodys
        else { return nil }
        self.init(terms: terms, ceiling: ceiling, signature: signature, total: total)
    }
}

extension Signature {
    fileprivate init?(json: JSON) {
        guard let bytes = json.stringValue.flatMap(Hex.decode), let signature = try? Signature(bytes) else {
            return nil
        }
        self = signature
    }

    /// Well formed, and by a key that nobody knows.
    fileprivate static var nobodys: Signature? {
        let one = [UInt8](repeating: 0, count: 31) + [1]
        return try? Signature(one + one + [27])
    }
}
