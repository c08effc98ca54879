// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A receiver's closing signature as it came from outside: nobody has looked at it yet.
public struct UnverifiedBalanceProofEnd: Hashable, Sendable {
    /// With which balance the channel is said to end.
    public var balance: Amount
    public var signature: Signature

    public init(balance: Amount, signature: Signature) {
        self.balance = balance
        self.signature = signature
    }

    /// Checks that the channel's receiver signed the end.
    ///
    /// - Parameter terms: Those whose digest the channel's name is.
    /// - Returns: `nil` when somebody else made the signature, or made it over something else.
    public func verified(
        under terms: BalanceProofTerms, of channel: ChannelID, in domain: ContractDomain
    ) -> BalanceProofEnd? {
        let digest = BalanceProofContract.closeDigest(of: channel, balance: balance, in: domain)
        return signature.isBy(terms.receiver, over: digest) ? BalanceProofEnd(balance, signature) : nil
    }
}

/// With which balance a receiver lets a channel end at once, as was checked when this was made.
public struct BalanceProofEnd: Hashable, Sendable {
    /// - Unit: atomic units of the channel's token.
    public let balance: Amount
    public let signature: Signature

    init(_ balance: Amount, _ signature: Signature) {
        self.balance = balance
        self.signature = signature
    }

    /// The end as the other side gets it: it has to look at the signature itself.
    public var unverified: UnverifiedBalanceProofEnd {
        UnverifiedBalanceProofEnd(balance: balance, signature: signature)
    }
}

extension ByteWriter {
    mutating func write(_ end: BalanceProofEnd) {
        write(end.balance)
        write(end.signature)
    }
}

extension ByteReader {
    mutating func balanceProofEnd() throws(StoredFormError) -> BalanceProofEnd {
        BalanceProofEnd(try amount(), try signature())
    }
}
