// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402

extension Facilitator {
    func claim(_ claims: UnverifiedClaims) async throws(FacilitatorRefusal) -> SettleResponse {
        let receipt = try await book(claims, at: .claimSimulation)
        try Self.expectNoRefusal(in: receipt, claims, at: .claimSimulation)
        return SettleResponse(success: true, payer: nil, transaction: receipt.transaction, network: network)
    }

    /// Books rows, each for itself.
    func book(
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
        let admission = try await admit(claims.rows, of: authorizer, at: step)
        defer { if let urgent = admission.urgent { urgentClaims.end(urgent.total, of: urgent.channel) } }
        let share = admission.share
        do throws(SettlementError) {
            return try await sponsor.metering(
                share?.account ?? authorizer, giving: share, where: Self.cameToNothing
            ) { () async throws(SettlementError) in
                try await settlement.claim(claims.rows, authorization: authorization)
            }
        } catch {
            throw FacilitatorRefusal(error, at: step, payer: nil)
        }
    }

    // MARK: - Whose share it is

    /// What claims are counted for.
    private struct Admission {
        /// `nil` where all rows are booked already, which costs nothing.
        var share: Sponsor.Share?
        /// What ``Facilitator/urgentClaims`` is told of when it is over.
        var urgent: (channel: ChannelID, total: Amount)?
    }

    /// Counts claims for their authorizer; where it has had its share, for a channel in them whose payer is leaving.
    ///
    /// Payers can have claims made, with each refund that they ask for. If these could use up all that a payee has, a
    /// payer could then take out what the payee earned in another channel. So could anybody, by rows that no payer has
    /// signed or that bring nothing new: a batch is counted only for a row that is owed.
    ///
    /// - Throws: What is wrong with the first bad row, too, where no row is owed.
    private func admit(
        _ rows: [ClaimRow], of authorizer: Address, at step: FacilitatorCode
    ) async throws(FacilitatorRefusal) -> Admission {
        let now = try await head(nil).time
        var fault: SettlementError?
        var faults = 0
        var refusal: FacilitatorRefusal?
        for (looks, row) in rows.enumerated() where row.terms.receiverAuthorizer == authorizer {
            // A payee that is refused sends them again one by one.
            guard faults < Self.mostLooks, refusal == nil || looks < Self.mostLooks else { break }
            let channel = settlement.domain.channelID(of: row.terms)
            // A row costs some questions to a chain: none is looked at twice.
            if bookedClaims.has(row.total, of: channel, at: now) { continue }
            let snapshot: ChannelSnapshot
            do throws(SettlementError) {
                guard let owing = try await owing(row, of: channel, at: now) else { continue }
                snapshot = owing
            } catch {
                if error.isTrouble { throw FacilitatorRefusal(error, at: .stateRead, payer: nil) }
                fault = fault ?? error
                faults += 1
                continue
            }
            if refusal == nil {
                do throws(FacilitatorRefusal) {
                    return Admission(share: try sponsor.admit(authorizer, at: now))
                } catch {
                    refusal = error
                }
            }
            if snapshot.withdrawal != nil, let admission = admitLeaving(row, of: channel, in: snapshot, at: now) {
                return admission
            }
        }
        if let refusal { throw refusal }
        if let fault { throw FacilitatorRefusal(fault, at: step, payer: nil) }
        try sponsor.admit(authorizer, at: now, counts: false)
        return Admission()
    }

    /// In how many channels of a batch it is looked whether their payers are leaving, and how many bad rows are read.
    private static let mostLooks = 8

    /// Counts a claim for its channel.
    private func admitLeaving(
        _ row: ClaimRow, of channel: ChannelID, in snapshot: ChannelSnapshot, at now: Instant
    ) -> Admission? {
        // A channel's name is a digest as an address is, so both stand in one book.
        guard let account = Address(channel.hash.bytes.suffix(20)) else { return nil }
        let admitted = urgentClaims.admit(row.total, of: channel, in: snapshot) { isUrgent in
            try? sponsor.admit(account, at: now, isUrgent: isUrgent)
        }
        return admitted.map { Admission(share: $0.share, urgent: $0.isUrgent ? (channel, row.total) : nil) }
    }

    /// The channel of a row, if the row would be booked; `nil` where as much is booked already.
    ///
    /// - Throws: What is wrong with the row.
    private func owing(
        _ row: ClaimRow, of channel: ChannelID, at now: Instant
    ) async throws(SettlementError) -> ChannelSnapshot? {
        guard row.total <= row.ceiling else { throw .claimExceedsCeiling(total: row.total, ceiling: row.ceiling) }
        let digest = settlement.domain.voucherDigest(channel: channel, ceiling: row.ceiling)
        guard row.signature.isBy(row.terms.voucherSigner, over: digest) else { throw .voucherSignature }
        let snapshot = try await settlement.snapshot(of: channel)
        if let snapshot, row.total <= snapshot.totalClaimed {
            bookedClaims.saw(snapshot.totalClaimed, of: channel, at: now)
            return nil
        }
        guard let snapshot, row.total <= snapshot.balance else {
            throw .claimExceedsBalance(total: row.total, balance: snapshot?.balance ?? .zero)
        }
        return snapshot
    }

    /// Whether an order was carried out neither now nor, for all that is known, will be.
    static func cameToNothing(_ result: Result<ClaimReceipt, SettlementError>) -> Bool {
        switch result {
        case .success(let receipt):
            !receipt.outcomes.contains { if case .claimed = $0 { true } else { false } }
        case .failure(let error): !error.isTrouble
        }
    }

    static func cameToNothing<Receipt>(_ result: Result<Receipt, SettlementError>) -> Bool {
        if case .failure(let error) = result { !error.isTrouble } else { false }
    }

    /// A batch of which a row was refused is told as failed, so that nobody thinks that every row counted; the others
    /// are booked, and are passed over when they are sent again.
    static func expectNoRefusal(
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

    // MARK: - Payouts

    /// Pays out to a receiver; who asks for the same while it is under way shares the answer.
    ///
    /// Anybody may ask for a payout, in as many words as it likes; until the first is carried out, all find something
    /// to pay, and each would cost gas.
    func payOut(to receiver: Address, _ token: Address) async throws(FacilitatorRefusal) -> SettleResponse {
        try await payouts.run(Payout(receiver: receiver, token: token)) { [self] in
            do throws(FacilitatorRefusal) {
                return .success(try await payOutNow(to: receiver, token))
            } catch { return .failure(error) }
        }.get()
    }

    struct Payout: Hashable {
        let receiver: Address
        let token: Address
    }

    private func payOutNow(to receiver: Address, _ token: Address) async throws(FacilitatorRefusal) -> SettleResponse {
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
            _ = try? sponsor.admit(receiver, at: now)
            return SettleResponse(
                success: true, payer: nil, transaction: transaction, network: network, amount: receipt.amount)
        } catch {
            if case .refused(let code, _) = error {
                throw FacilitatorRefusal(FacilitatorCode(rawValue: code), "There is nothing to pay out.")
            }
            throw FacilitatorRefusal(error, at: .settleTransaction, payer: nil)
        }
    }
}

extension SettlementError {
    /// Whether it tells of trouble with the settlement itself, so that an order may have been carried out, or may be.
    fileprivate var isTrouble: Bool {
        switch self {
        case .unavailable, .cancelled: true
        default: false
        }
    }
}
