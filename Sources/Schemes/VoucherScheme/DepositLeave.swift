// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A payer's leave to lock a sum in a channel, before it is signed.
///
/// It holds all that the signature is over, so that the same leave signed twice is the same authorisation, and only
/// one of the two can ever be used.
public struct DepositLeave: Hashable, Sendable {
    public typealias Method = DepositMethod

    public var amount: Amount
    public var method: Method
    /// Drawn for each leave; makes its nonce.
    public var salt: Hash32
    /// Unix seconds; after that nobody can use it, and one by EIP-3009 not even then.
    public var validBefore: UInt64
    /// The number of the payer's transaction, where a deposit is one; `nil` elsewhere.
    ///
    /// - Source: SIP-005, sponsored transactions.
    public var number: UInt64?

    public init(
        amount: Amount, method: Method = .eip3009, salt: Hash32, validBefore: UInt64, number: UInt64? = nil
    ) {
        self.amount = amount
        self.method = method
        self.salt = salt
        self.validBefore = validBefore
        self.number = number
    }

    /// Permit2's nonce: the low 128 bits of the salt, which is as unique as it must be and fits an `Amount`.
    ///
    /// - Source: Permit2, `SignatureTransfer`, unordered nonces.
    public var permit2Nonce: Amount {
        salt.withBytes { bytes in Amount(units: bytes[16...].reduce(0) { $0 << 8 | UInt128($1) }) }
    }
}
