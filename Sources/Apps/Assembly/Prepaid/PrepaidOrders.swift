// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingHTTP402
public import FarthingHashChainScheme
public import FarthingMerkleTokenScheme
public import FarthingNode
public import FarthingPrimitives
public import FarthingX402

/// What a payee asks the contract for, scheme by scheme.
public protocol PrepaidOrders: PrepaidWire {
    /// Who is paid, and in which token.
    var claimTerms: ClaimTerms { get }

    /// Whose books these are, where one channel pays many and no terms name them; `nil` where they do.
    ///
    /// A node whose `payTo` was changed has channels of the former payee: it is paid what it earned, and sells nothing
    /// more out of them.
    var payeeOfMany: Address? { get }

    /// How far the channel is, in a word.
    var status: String { get }

    /// What was put into the channel, as far as it is known.
    var deposited: Amount { get }

    /// The most that can have been captured; `nil` where luck decides.
    var mostCaptured: Amount? { get }

    /// The order that captures what was earned, signed where it must be, or `nil` when nothing new was.
    func redemptionOrder(signedBy authorizer: any Signer, in domain: ContractDomain) async throws -> Rules.Order?

    /// Whether to capture is to end the channel, so that no schedule does it.
    static var redemptionEnds: Bool { get }

    /// Whether caps on what is unclaimed hold: only where what was earned can be redeemed at any time, which makes room.
    static var keepsToCaps: Bool { get }

    /// When the contract must be read again, though nothing is heard of it; `nil` for never.
    var lookAgainAt: Instant? { get }

    /// Until when what was read of the contract may be relied on, where nobody tells of its changes; `nil` for as long as
    /// the channel lives.
    var freshUntil: Instant? { get }

    /// Whether money is lost when an effect is carried out some minutes late.
    static func isUrgent(_ effect: Effect) -> Bool

    /// Whether nobody needs an effect any more that lies in the outbox.
    func isMoot(_ effect: Effect) -> Bool

    /// Why no payee closes a channel of this scheme, whoever asks; `nil` where one does.
    var noCloseAtAll: Refusal? { get }

    /// Who pays: other channels of the same payer count as the same, where the terms name one.
    var source: PaymentSource { get }

    /// For an effect that is a proof: what all proofs before it come to, and with it. `nil` for one that is carried out
    /// at once.
    ///
    /// A proof stays in the outbox until it was redeemed, which it may be as soon as so much was earned.
    static func proof(of effect: Effect) -> Range<Amount>?

    /// The order that redeems proofs, or `nil` when they are none.
    ///
    /// - Parameter proofs: At most 1,024.
    func redemption(of proofs: [Effect]) -> Rules.Order?

    /// Whether proofs that are kept may still be redeemed.
    var mayRedeem: Bool { get }

    /// The order that an effect stands for, signed where it must be.
    ///
    /// - Parameter authorizer: The key that signs on the payee's side.
    func order(
        for effect: Effect, signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> Rules.Order
}

extension PrepaidOrders {
    /// Whose rules the contract keeps.
    static var contractKind: ContractKind { Rules.kind }
    public var payeeOfMany: Address? { nil }
    public static var redemptionEnds: Bool { false }
    public static var keepsToCaps: Bool { false }
    public var mostCaptured: Amount? { purse.charged }
    public static func proof(of effect: Effect) -> Range<Amount>? { nil }
    public func redemption(of proofs: [Effect]) -> Rules.Order? { nil }
    public static func isUrgent(_ effect: Effect) -> Bool { false }
    public var lookAgainAt: Instant? { nil }
    public var freshUntil: Instant? { nil }
    public func isMoot(_ effect: Effect) -> Bool { false }
    public var noCloseAtAll: Refusal? { nil }
    public var source: PaymentSource { .channel(id) }

    /// When the contract must be read again.
    ///
    /// - Parameter isTold: Whether its changes are told.
    func nextLook(isTold: Bool) -> Instant? {
        guard !isTold, let freshUntil else { return lookAgainAt }
        return lookAgainAt.map { min($0, freshUntil) } ?? freshUntil
    }

    var position: UnclaimedPosition {
        UnclaimedPosition(
            terms: claimTerms, unclaimed: unclaimed, captured: captured, isWithdrawing: false,
            paidAt: lastPaidAt ?? readIn.time)
    }
}

extension UnclaimedIndex {
    /// Takes in that a channel was committed.
    @inline(__always)
    func follow<Scheme: PrepaidOrders>(_ id: ChannelID, from before: Scheme?, to after: Scheme) {
        // A payment, as nearly all commits are.
        let unclaimed = after.unclaimed
        if let before, before.captured == after.captured, !unclaimed.isZero,
            raise(id, of: after.claimTerms.token, to: unclaimed)
        {
            return
        }
        update(id, from: before?.position, to: after.position)
    }
}

extension HashChainChannel: PrepaidOrders {
    public var status: String { "\(phase)" }
    public var deposited: Amount { terms.deposit ?? .max }
    public var mayRedeem: Bool { phase != .closed }
    public var source: PaymentSource { .payer(terms.payer) }

    public static var keepsToCaps: Bool { true }

    /// A channel ends once: here, or when its payer takes back what is left after the expiry.
    public func isMoot(_ effect: Effect) -> Bool {
        switch effect {
        case .submitClose: phase == .closed
        }
    }

    public var claimTerms: ClaimTerms {
        ClaimTerms(
            receiver: terms.receiver, receiverAuthorizer: terms.receiverAuthorizer, token: terms.token,
            withdrawDelay: 0)
    }

    public func redemptionOrder(
        signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> HashChainContract.Order? {
        redemption.map { .redeem($0) }
    }

    public func order(
        for effect: Effect, signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> HashChainContract.Order {
        switch effect {
        case .submitClose(let step):
            let digest = HashChainContract.closeDigest(of: id, upTo: step.index, in: domain)
            return .close(step, signature: try await authorizer.sign(digest))
        }
    }
}

extension MerkleTokenChannel: PrepaidOrders {
    public var payeeOfMany: Address? { payee }
    public var status: String { "\(phase)" }
    public var deposited: Amount { terms.deposit ?? .max }
    public var noCloseAtAll: Refusal? { .notClosable(until: terms.expiry) }
    public var source: PaymentSource { .payer(terms.payer) }

    public var claimTerms: ClaimTerms {
        ClaimTerms(receiver: payee, receiverAuthorizer: payee, token: terms.token, withdrawDelay: 0)
    }

    /// The tokens are not here, but in the outbox.
    public func redemptionOrder(
        signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> MerkleTokenContract.Order? {
        nil
    }

    public static func proof(of effect: Effect) -> Range<Amount>? {
        switch effect {
        case .keep(let token, _, let total): total.clampedSubtracting(token.amount)..<total
        }
    }

    public var mayRedeem: Bool { phase != .closed }

    public func order(
        for effect: Effect, signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> MerkleTokenContract.Order {
        switch effect {
        case .keep(let token, let proof, _): .redeem([token], MerkleMultiproof(nodes: proof.siblings))
        }
    }
}
