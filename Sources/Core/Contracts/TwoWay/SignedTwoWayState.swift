// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A state with what is said to be the signature of each party.
public struct SignedTwoWayState: Hashable, Sendable {
    public let state: TwoWayState
    public let signatures: TwoWaySignatures

    public init(_ state: TwoWayState, _ signatures: TwoWaySignatures) {
        self.state = state
        self.signatures = signatures
    }

    /// Whose signature is wrong; `nil` when both are right.
    public func forger(under terms: TwoWayTerms, of channel: ChannelID, in domain: ContractDomain) -> Address? {
        signatures.forger(over: state.digest(of: channel, in: domain), under: terms, as: domain.accounts)
    }
}

/// What is said to be the signature of each party over the same digest.
public struct TwoWaySignatures: Hashable, Sendable {
    public let first: Signature
    public let second: Signature

    public init(first: Signature, second: Signature) {
        self.first = first
        self.second = second
    }

    /// Whose signature is wrong; `nil` when both are right.
    ///
    /// - Parameter form: How the parties' accounts are made from their keys.
    public func forger(over digest: Hash32, under terms: TwoWayTerms, as form: AccountForm) -> Address? {
        if !first.isBy(terms.first, over: digest, as: form) { return terms.first }
        return second.isBy(terms.second, over: digest, as: form) ? nil : terms.second
    }
}
