// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingHashChainScheme
public import FarthingNode
import FarthingPrimitives
public import FarthingX402

/// What a payee asks the contract for, scheme by scheme.
public protocol PrepaidOrders: PrepaidWire {
    /// Who is paid, and in which token.
    var claimTerms: ClaimTerms { get }

    /// The order that captures what was earned, or `nil` when nothing new was.
    var redemptionOrder: Rules.Order? { get }

    /// The order that an effect stands for, signed where it must be.
    ///
    /// - Parameter authorizer: The key that signs on the payee's side.
    static func order(
        for effect: Effect, of id: ChannelID, signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> Rules.Order
}

extension PrepaidOrders {
    var position: UnclaimedPosition {
        UnclaimedPosition(
            terms: claimTerms, unclaimed: unclaimed, captured: captured, isWithdrawing: false,
            paidAt: lastPaidAt ?? readIn.time)
    }
}

extension HashChainChannel: PrepaidOrders {
    public var claimTerms: ClaimTerms {
        ClaimTerms(
            receiver: terms.receiver, receiverAuthorizer: terms.receiverAuthorizer, token: terms.token,
            withdrawDelay: 0)
    }

    public var redemptionOrder: HashChainContract.Order? { redemption.map { .redeem($0) } }

    public static func order(
        for effect: Effect, of id: ChannelID, signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> HashChainContract.Order {
        switch effect {
        case .submitClose(let step):
            let digest = HashChainContract.closeDigest(of: id, upTo: step.index, in: domain)
            return .close(step, signature: try await authorizer.sign(digest))
        }
    }
}
