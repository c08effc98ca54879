// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402

extension Facilitator {
    /// Locks a payer's deposit; the same a second time answers as the first.
    func deposit(_ payment: ExaminedPayment) async throws(FacilitatorRefusal) -> SettleResponse {
        guard let deposit = payment.deposit else { throw FacilitatorRefusal(.payloadType) }
        let payer = payment.terms.payer
        var share: Sponsor.Share?
        if try await !isUsed(deposit, payment) {
            _ = try await check(payment)
            share = try sponsor.admit(payer, at: try await head(payer).time)
        }
        do throws(SettlementError) {
            let receipt = try await sponsor.metering(payer, giving: share, where: Self.cameToNothing) {
                () async throws(SettlementError) in
                try await settlement.deposit(deposit, for: payment.voucher)
            }
            return SettleResponse(
                success: true, payer: payer, transaction: receipt.transaction, network: network,
                amount: receipt.amount, extra: ["channelState": receipt.snapshot.json(of: payment.channel)])
        } catch {
            // Whoever used the authorisation meanwhile made another deposit of it.
            throw FacilitatorRefusal(
                error, at: error == .authorizationUsed ? .depositSimulation : .depositTransaction, payer: payer)
        }
    }

    /// Whether the authorisation was used before, as it is when the same deposit is sent again.
    private func isUsed(
        _ deposit: SignedDeposit, _ payment: ExaminedPayment
    ) async throws(FacilitatorRefusal) -> Bool {
        do throws(SettlementError) {
            try await settlement.check(deposit, for: payment.voucher)
            return false
        } catch {
            switch error {
            case .authorizationUsed: return true
            case .unavailable, .cancelled:
                throw FacilitatorRefusal(error, at: .stateRead, payer: payment.terms.payer)
            default: return false
            }
        }
    }

    // MARK: - Refunds

    /// - Parameter secret: By which the payee proves who it is, where the facilitator is to sign.
    func refund(_ refund: PayeeOrder.Refund, _ secret: String?) async throws(FacilitatorRefusal) -> SettleResponse {
        let terms = refund.terms
        let channel = settlement.domain.channelID(of: terms)
        let payer = terms.payer
        let snapshot: ChannelSnapshot?
        do { snapshot = try await settlement.snapshot(of: channel) } catch {
            throw FacilitatorRefusal(error, at: .stateRead, payer: payer)
        }
        let claimed = refund.claims.rows.filter { $0.terms == terms }.map(\.total).max() ?? .zero
        guard let snapshot, !refund.amount.isZero,
            snapshot.balance > max(claimed, snapshot.totalClaimed)
        else { throw FacilitatorRefusal(.refundNoBalance, "There is nothing to refund.", payer: payer) }
        let digest = settlement.domain.refundDigest(channel: channel, nonce: refund.nonce, amount: refund.amount)
        var signature = refund.signature
        if signature == nil {
            signature = try sign(digest, for: [terms.receiverAuthorizer])
            // The payer could ask for all of its money back before the payee has claimed what it earned.
            guard payees.prove(terms.receiver, by: secret) else {
                throw FacilitatorRefusal(
                    FacilitatorRefusal.unprovenPayee,
                    "A refund is signed for its payee only: it must show its secret as a bearer token.", payer: payer)
            }
        }
        guard let signature, PublicKey(recovering: signature, over: digest)?.address == terms.receiverAuthorizer else {
            throw FacilitatorRefusal(SettlementError.refundSignature, at: .refundSimulation, payer: payer)
        }
        guard refund.nonce == snapshot.refundNonce else {
            throw FacilitatorRefusal(
                SettlementError.refundNonce(given: refund.nonce, expected: snapshot.refundNonce),
                at: .refundSimulation, payer: payer)
        }
        let share = try sponsor.admit(payer, at: try await head(payer).time)
        if !refund.claims.rows.isEmpty {
            do throws(FacilitatorRefusal) {
                let receipt = try await book(refund.claims, at: .refundSimulation)
                try Self.expectNoRefusal(in: receipt, refund.claims, at: .refundSimulation)
            } catch {
                // What the claims cost is counted for their authorizer.
                sponsor.giveBack(share)
                throw error
            }
        }
        do throws(SettlementError) {
            let order = RefundOrder(terms: terms, amount: refund.amount, nonce: refund.nonce, signature: signature)
            let receipt = try await sponsor.metering(payer, giving: share, where: Self.cameToNothing) {
                () async throws(SettlementError) in
                try await settlement.refund(order)
            }
            return SettleResponse(
                success: true, payer: payer, transaction: receipt.transaction, network: network,
                amount: receipt.amount, extra: ["channelState": receipt.snapshot.json(of: channel)])
        } catch {
            throw FacilitatorRefusal(error, at: .refundSimulation, payer: payer)
        }
    }

    /// Signs for payees that have chosen us as their authorizer, and for nobody else.
    ///
    /// Who asks is not looked at here.
    func sign(_ digest: Hash32, for authorizers: [Address]) throws(FacilitatorRefusal) -> Signature {
        guard let authorizer else {
            throw FacilitatorRefusal(.authorizerNotConfigured, "This facilitator holds no authorizer's key.")
        }
        guard authorizers.allSatisfy({ $0 == authorizer.address }) else {
            throw FacilitatorRefusal(.authorizerMismatch, "This facilitator signs for \(authorizer.address) only.")
        }
        return authorizer.signNow(digest)
    }
}
