// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingBalanceProofScheme
public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A channel of balance proofs as ``Payments`` knows it.
///
/// What is in it was checked: a proof that the sender did not sign cannot be put here.
public struct PaymentChannel: Hashable, Sendable {
    public let id: ChannelID
    public let terms: BalanceProofTerms
    /// The block of the first deposit, where that is known.
    public let openedIn: UInt64?
    /// The newest proof that the receiver surely has; `nil` when nothing was paid.
    public let proof: BalanceProof?
    /// A newer proof, of which nobody knows whether it arrived.
    public let nextProof: BalanceProof?
    /// With which the channel may end at once.
    public let closingSignature: BalanceProofEnd?

    /// A channel of which nothing is known but its terms; what is on the disk stays.
    public init(_ terms: BalanceProofTerms, in domain: ContractDomain, openedIn: UInt64? = nil) {
        id = terms.channelID(in: domain)
        self.terms = terms
        self.openedIn = openedIn
        proof = nil
        nextProof = nil
        closingSignature = nil
    }

    init(_ id: ChannelID, _ books: PaymentBooks) {
        self.id = id
        terms = books.terms
        openedIn = books.openedIn
        proof = books.sender.proof
        nextProof = books.sender.next
        closingSignature = books.sender.end
    }

    /// Who pays.
    public var account: Address { terms.sender }
    public var receiver: Address { terms.receiver }
}

/// How a channel stands in its contract.
public struct PaymentChannelInfo: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        case opened
        /// The sender asked for an end, which may still be disputed.
        case closed
        case settled
    }

    public let state: State
    /// The block in which the channel was opened, or its end was asked for; for a settled one, in which it was read.
    ///
    /// `nil` when nobody told in which block it was opened.
    public let block: UInt64?
    /// What is in the channel, with what was paid out of it; nothing once it is settled.
    public let deposit: Amount
    /// What the receiver was paid while the channel was open; nothing once it is settled.
    public let withdrawn: Amount
    /// Until the end of which block an end that was asked for may be disputed.
    public let settleBlock: UInt64?

    init(_ snapshot: ContractSnapshot<BalanceProofContract>, openedIn: UInt64?) {
        let contract = snapshot.state
        switch contract.phase {
        case .unfunded, .open: (state, block, settleBlock) = (.opened, openedIn, nil)
        case .closing(_, let end):
            let asked = end.subtractingReportingOverflow(contract.terms.challengeBlocks)
            (state, block, settleBlock) = (.closed, asked.overflow ? nil : asked.partialValue, end)
        case .closed: (state, block, settleBlock) = (.settled, snapshot.block.height, nil)
        }
        deposit = state == .settled ? .zero : contract.deposit
        withdrawn = state == .settled ? .zero : contract.withdrawn
    }
}
