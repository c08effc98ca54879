// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingHTTP402
public import FarthingNode
public import FarthingPrimitives
public import FarthingTwoWayScheme

extension TwoWayChannel: PrepaidOrders {
    public var status: String {
        switch party.standing {
        case .opening: "opening"
        case .open: party.isOpen ? "open" : "ending"
        case .closing: "closing"
        case .closed: "closed"
        }
    }

    public var deposited: Amount { party.base.total ?? .max }
    /// Whoever ends a channel alone has all that was authorised.
    public var mostCaptured: Amount? { purse.authorised }

    public var claimTerms: ClaimTerms {
        ClaimTerms(receiver: terms.second, receiverAuthorizer: terms.second, token: terms.token, withdrawDelay: 0)
    }

    /// What was earned is only to be had with the end of the channel.
    public static var redemptionEnds: Bool { true }
    public var source: PaymentSource { .payer(terms.first) }
    public var mayRedeem: Bool { party.isOpen }

    /// The end of a challenge period, when anybody may have the contract pay.
    public var lookAgainAt: Instant? {
        guard case .closing(_, let until) = party.standing else { return nil }
        return until
    }

    /// A tenth of the challenge period: an old state that the payer shows is seen, and answered, in time.
    public var freshUntil: Instant? {
        switch party.standing {
        case .open, .closing: party.readIn.time.advanced(bySeconds: Int64(clamping: terms.challengeSeconds / 10))
        case .opening, .closed: nil
        }
    }

    /// An old state that the payer shows can be answered only until the challenge period is over.
    public static func isUrgent(_ effect: Effect) -> Bool { if case .submitChallenge = effect { true } else { false } }

    public func isMoot(_ effect: Effect) -> Bool {
        switch (effect, party.standing) {
        case (_, .closed): true
        case (.submitChallenge(let proof), .closing(let nonce, _)): proof.state.nonce <= nonce
        case (.submitFinalize, .closing), (.submitClose, _): false
        case (.submitChallenge, _), (.submitFinalize, _): true
        }
    }

    /// Ends the channel alone, with the newest state.
    public func redemptionOrder(
        signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> TwoWayContract.Order? {
        guard let newest = redemption else { return nil }
        let start = TwoWayContract.startCloseDigest(of: id, at: newest.state.nonce, in: domain)
        let signed = SignedTwoWayState(
            newest.state, try await Self.signatures(newest, of: id, signedBy: authorizer, in: domain))
        return .startClose(signed, try await authorizer.sign(start))
    }

    public func order(
        for effect: Effect, signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> TwoWayContract.Order {
        switch effect {
        case .submitClose(let end):
            .closeTogether(end.state, try await Self.signatures(end, of: id, signedBy: authorizer, in: domain))
        case .submitChallenge(let proof):
            .challenge(
                SignedTwoWayState(
                    proof.state, try await Self.signatures(proof, of: id, signedBy: authorizer, in: domain)))
        case .submitFinalize: .finalize
        }
    }

    private static func signatures(
        _ payment: TwoWayPayment, of id: ChannelID, signedBy authorizer: any Signer, in domain: ContractDomain
    ) async throws -> TwoWaySignatures {
        let own = try await authorizer.sign(payment.digest(of: id, in: domain))
        return payment.signatures(with: own, of: id, in: domain)
    }
}
