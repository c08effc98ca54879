// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A balance proof as it came from outside: nobody has looked at its signature yet.
public struct UnverifiedBalanceProof: Hashable, Sendable {
    /// What is said to be owed in all.
    public var balance: Amount
    public var signature: Signature

    public init(balance: Amount, signature: Signature) {
        self.balance = balance
        self.signature = signature
    }

    /// Checks that the channel's sender signed for the balance.
    ///
    /// - Parameter terms: Those whose digest the channel's name is.
    /// - Returns: `nil` when somebody else made the signature, or made it over something else.
    public func verified(
        under terms: BalanceProofTerms, of channel: ChannelID, in domain: ContractDomain
    ) -> BalanceProof? {
        let digest = BalanceProofContract.proofDigest(of: channel, balance: balance, in: domain)
        return signature.isBy(terms.sender, over: digest) ? BalanceProof(balance, signature) : nil
    }
}

/// What a sender signed to owe in all, as was checked when this was made.
public struct BalanceProof: Hashable, Sendable {
    /// - Unit: atomic units of the channel's token.
    public let balance: Amount
    public let signature: Signature

    init(_ balance: Amount, _ signature: Signature) {
        self.balance = balance
        self.signature = signature
    }

    /// The proof as the other side gets it: it has to look at the signature itself.
    public var unverified: UnverifiedBalanceProof { UnverifiedBalanceProof(balance: balance, signature: signature) }
}

extension ByteWriter {
    mutating func write(_ proof: BalanceProof) {
        write(proof.balance)
        write(proof.signature)
    }
}

extension ByteReader {
    mutating func balanceProof() throws(StoredFormError) -> BalanceProof {
        BalanceProof(try amount(), try signature())
    }
}
