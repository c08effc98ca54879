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
        if try await !isUsed(deposit, payment) {
            _ = try await check(payment)
            try sponsor.admit(payer, at: try await head(payer).time)
        }
        do throws(SettlementError) {
            let receipt = try await sponsor.metering(payer) { () async throws(SettlementError) in
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

    // MARK: - Claims and payouts

    func claim(_ claims: UnverifiedClaims) async throws(FacilitatorRefusal) -> SettleResponse {
        let receipt = try await book(claims, at: .claimSimulation)
        try Self.expectNoRefusal(in: receipt, claims, at: .claimSimulation)
        return SettleResponse(success: true, payer: nil, transaction: receipt.transaction, network: network)
    }

    /// Books rows, each for itself.
    private func book(
        _ claims: UnverifiedClaims, at step: FacilitatorCode
    ) async throws(FacilitatorRefusal) -> ClaimReceipt {
        guard let first = claims.rows.first else { throw FacilitatorRefusal(step, "There is no claim.") }
        let authorizer = first.terms.receiverAuthorizer
        let digest = settlement.domain.claimBatchDigest(
            claims.rows.map { (settlement.domain.channelID(of: $0.terms), $0.ceiling, $0.total) })
        var authorization = claims.authorization
        if authorization == nil { authorization = try sign(digest, for: claims.rows.map(\.terms.receiverAuthorizer)) }
        guard let authorization, PublicKey(recovering: authorization, over: digest)?.address == authorizer else {
            throw FacilitatorRefusal(SettlementError.claimSignature, at: step, payer: nil)
        }
        let account = try await admit(claims.rows, of: authorizer)
        do throws(SettlementError) {
            return try await sponsor.metering(account) { () async throws(SettlementError) in
                try await settlement.claim(claims.rows, authorization: authorization)
            }
        } catch {
            throw FacilitatorRefusal(error, at: step, payer: nil)
        }
    }

    /// Counts claims for their authorizer; where it has had its share, for a channel in them whose payer is leaving.
    ///
    /// Payers can have claims made, with each refund that they ask for. If these could use up all that a payee has, a
    /// payer could then take out what the payee earned in another channel.
    ///
    /// - Returns: For whom they are counted.
    private func admit(_ rows: [ClaimRow], of authorizer: Address) async throws(FacilitatorRefusal) -> Address {
        let now = try await head(nil).time
        do throws(FacilitatorRefusal) {
            try sponsor.admit(authorizer, at: now)
            return authorizer
        } catch {
            // A payee that is refused sends them again one by one.
            for row in rows.prefix(Self.mostLooks) where row.terms.receiverAuthorizer == authorizer {
                let channel = settlement.domain.channelID(of: row.terms)
                // A channel's name is a digest as an address is, so both stand in one book.
                guard let account = Address(channel.hash.bytes.suffix(20)),
                    let snapshot = try? await settlement.snapshot(of: channel), snapshot.withdrawal != nil,
                    row.total > snapshot.totalClaimed
                else { continue }
                guard (try? sponsor.admit(account, at: now, isUrgent: true)) != nil else { continue }
                return account
            }
            throw error
        }
    }

    /// In how many channels of a batch it is looked whether their payers are leaving.
    private static let mostLooks = 8

    /// A batch of which a row was refused is told as failed, so that nobody thinks that every row counted; the others
    /// are booked, and are passed over when they are sent again.
    private static func expectNoRefusal(
        in receipt: ClaimReceipt, _ claims: UnverifiedClaims, at step: FacilitatorCode
    ) throws(FacilitatorRefusal) {
        let refused = receipt.outcomes.enumerated().compactMap { index, outcome in
            if case .refused(let error) = outcome { "claim \(index): \(error.message)" } else { nil }
        }
        guard !refused.isEmpty else { return }
        let rest = claims.rows.count - refused.count
        throw FacilitatorRefusal(
            step, "\(rest) of \(claims.rows.count) claims are booked; not: " + refused.joined(separator: " "))
    }

    func payOut(to receiver: Address, _ token: Address) async throws(FacilitatorRefusal) -> SettleResponse {
        // Anybody may ask for a payout, so only one that happens counts.
        let now = try await head(nil).time
        try sponsor.admit(receiver, at: now, counts: false)
        do throws(SettlementError) {
            let receipt = try await sponsor.metering(receiver) { () async throws(SettlementError) in
                try await settlement.settle(receiver: receiver, token: token)
            }
            guard let transaction = receipt.transaction else {
                throw .refused(code: FacilitatorCode.nothingToSettle.rawValue, message: nil)
            }
            try? sponsor.admit(receiver, at: now)
            return SettleResponse(
                success: true, payer: nil, transaction: transaction, network: network, amount: receipt.amount)
        } catch {
            if case .refused(let code, _) = error {
                throw FacilitatorRefusal(FacilitatorCode(rawValue: code), "There is nothing to pay out.")
            }
            throw FacilitatorRefusal(error, at: .settleTransaction, payer: nil)
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
        try sponsor.admit(payer, at: try await head(payer).time)
        if !refund.claims.rows.isEmpty {
            let receipt = try await book(refund.claims, at: .refundSimulation)
            try Self.expectNoRefusal(in: receipt, refund.claims, at: .refundSimulation)
        }
        do throws(SettlementError) {
            let order = RefundOrder(terms: terms, amount: refund.amount, nonce: refund.nonce, signature: signature)
            let receipt = try await sponsor.metering(payer) { () async throws(SettlementError) in
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
    private func sign(_ digest: Hash32, for authorizers: [Address]) throws(FacilitatorRefusal) -> Signature {
        guard let authorizer else {
            throw FacilitatorRefusal(.authorizerNotConfigured, "This facilitator holds no authorizer's key.")
        }
        guard authorizers.allSatisfy({ $0 == authorizer.address }) else {
            throw FacilitatorRefusal(.authorizerMismatch, "This facilitator signs for \(authorizer.address) only.")
        }
        return authorizer.signNow(digest)
    }
}
