// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingHTTP402
public import FarthingLotteryScheme
public import FarthingNode
public import FarthingPrimitives

extension LotteryChannel: PrepaidOrders {
    public var payeeOfMany: Address? { payee }
    public var status: String { "\(phase)" }
    public var deposited: Amount { terms.opening ?? .max }
    public var mostCaptured: Amount? { nil }
    public var noCloseAtAll: Refusal? { .noClose(until: terms.expiry) }

    public var claimTerms: ClaimTerms {
        ClaimTerms(receiver: payee, receiverAuthorizer: payee, token: terms.token, withdrawDelay: 0)
    }

    public var source: PaymentSource { .payer(terms.payer) }
    public var mayRedeem: Bool { phase == .open }

    /// A ticket that was paid, or never can be, is no more the one that is to be paid next.
    public func isMoot(_ effect: Effect) -> Bool {
        switch effect {
        case .redeem(let winner): winner != redemption
        }
    }

    /// A ticket that wins is redeemed when it comes.
    public func redemptionOrder(
        signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> LotteryContract.Order? {
        nil
    }

    public func order(
        for effect: Effect, signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> LotteryContract.Order {
        switch effect {
        case .redeem(let winner):
            winner.recovering(terms.payer, of: id, in: domain)
                .order(authorizedBy: try await authorizer.sign(winner.digest(of: id, in: domain)))
        }
    }
}
