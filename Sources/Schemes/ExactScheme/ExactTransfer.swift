// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives

/// A payment of one sum from account to account, before it is signed: x402's scheme `exact`.
///
/// Whoever has it, signed, may submit it once, while it is valid.
///
/// - Source: x402 v2, scheme `exact` on EVM, `authorization`; EIP-3009, `transferWithAuthorization`.
public struct ExactTransfer: Hashable, Sendable {
    /// The name of the scheme on the wire.
    public static let scheme = "exact"

    public var payer: Address
    public var receiver: Address
    public var amount: Amount
    /// Unix seconds; valid when the block's time is later.
    public var validAfter: UInt64
    /// Unix seconds; valid while the block's time is earlier.
    public var validBefore: UInt64
    /// Drawn for each transfer; the token takes each only once.
    public var nonce: Hash32

    public init(
        payer: Address, receiver: Address, amount: Amount, validAfter: UInt64 = 0, validBefore: UInt64, nonce: Hash32
    ) {
        self.payer = payer
        self.receiver = receiver
        self.amount = amount
        self.validAfter = validAfter
        self.validBefore = validBefore
        self.nonce = nonce
    }

    /// What the payer signs.
    public func digest(token: TokenDomain, in domain: SettlementDomain) -> Hash32 {
        domain.transferDigest(
            token: token, from: payer, to: receiver, amount: amount, validAfter: validAfter, validBefore: validBefore,
            nonce: nonce)
    }

    /// The payment as it travels in `PaymentPayload.payload`.
    public func payload(signature: Signature) -> JSON {
        [
            "signature": .string(signature.hex),
            "authorization": [
                "from": .string(payer.checksummed), "to": .string(receiver.checksummed), "value": .string("\(amount)"),
                "validAfter": .string("\(validAfter)"), "validBefore": .string("\(validBefore)"),
                "nonce": .string(nonce.hex),
            ],
        ]
    }
}
