// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// One payment out of a Merkle-token channel: a leaf of its tree, before it is hashed.
///
/// Nobody can show a token whose secret the payer has kept, and whoever shows one pays the payee that it names.
public struct MerkleToken: Hashable, Sendable {
    /// To whom it is paid, whoever hands it in.
    public var payee: Address
    /// Its place among the leaves, from the left; the first is 0.
    public var index: UInt32
    /// What it is worth.
    ///
    /// - Range: 1 through the `tokenAmount` of the channel's terms.
    public var amount: Amount
    /// What the payer reveals when it pays: nobody can guess it, and it is used in no other token.
    public var secret: Hash32

    public init(payee: Address, index: UInt32, amount: Amount, secret: Hash32) {
        self.payee = payee
        self.index = index
        self.amount = amount
        self.secret = secret
    }
}
