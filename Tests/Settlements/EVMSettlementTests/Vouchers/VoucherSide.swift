// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives

/// One thing that somebody does with vouchers, whatever place they are of.
enum VoucherStep: Sendable, CustomStringConvertible {
    struct Deposit: Sendable {
        var terms: ChannelTerms
        var units: UInt64
        var salt: UInt64
        var validAfter: UInt64 = 0
        var validBefore = UInt64(UInt32.max)
        var signer: KeySigner
    }

    struct Row: Sendable {
        var terms: ChannelTerms
        var total: UInt64
        var ceiling: UInt64
        var signer: KeySigner
    }

    case deposit(Deposit)
    case claim([Row], by: KeySigner)
    case settle(Address)
    case refund(ChannelTerms, UInt64, nonce: UInt64, by: KeySigner)
    case initiateWithdraw(ChannelTerms, UInt64, by: KeySigner)
    case finalizeWithdraw(ChannelTerms, by: KeySigner)

    var description: String {
        switch self {
        case .deposit(let deposit): "a deposit of \(deposit.units), number \(deposit.salt)"
        case .claim(let rows, _): "a claim of \(rows.map(\.total))"
        case .settle(let receiver): "a payout to \(receiver)"
        case .refund(_, let units, let nonce, _): "a refund of \(units), number \(nonce)"
        case .initiateWithdraw(_, let units, _): "a withdrawal of \(units)"
        case .finalizeWithdraw: "the end of a withdrawal"
        }
    }
}

/// What a place did when it was asked.
enum VoucherAnswer: Hashable, Sendable {
    /// It locked so much, paid so much, or began to wait for it.
    case moved(Amount)
    case booked([ClaimReceipt.Outcome])
    /// Nothing was left to do.
    case nothing
    case refused(String)
}

/// A place where vouchers are settled: the ledger, or the contract on a chain.
struct VoucherSide: Sendable {
    let settlement: any Settlement & WithdrawalSettlement
    let token: Token

    var domain: SettlementDomain { settlement.domain }

    // MARK: - What is signed

    func deposit(_ deposit: VoucherStep.Deposit) -> SignedDeposit {
        let (amount, salt) = (Amount(units: UInt128(deposit.units)), ABI.Word.uint(deposit.salt).bytes)
        let digest = domain.depositDigest(
            amount, on: deposit.terms, token: token.domain, validAfter: deposit.validAfter,
            validBefore: deposit.validBefore, salt: salt)
        return SignedDeposit(
            terms: deposit.terms, amount: amount,
            authorization: TransferAuthorization(
                validAfter: deposit.validAfter, validBefore: deposit.validBefore, salt: salt,
                signature: deposit.signer.signNow(digest)))
    }

    func rows(_ rows: [VoucherStep.Row]) -> [ClaimRow] {
        rows.map { row in
            let ceiling = Amount(units: UInt128(row.ceiling))
            let digest = domain.voucherDigest(channel: domain.channelID(of: row.terms), ceiling: ceiling)
            return ClaimRow(
                terms: row.terms, ceiling: ceiling, signature: row.signer.signNow(digest),
                total: Amount(units: UInt128(row.total)))
        }
    }

    func authorization(of rows: [ClaimRow], by signer: KeySigner) -> Signature {
        signer.signNow(domain.claimBatchDigest(rows.map { (domain.channelID(of: $0.terms), $0.ceiling, $0.total) }))
    }

    func refund(_ terms: ChannelTerms, _ units: UInt64, nonce: UInt64, by signer: KeySigner) -> RefundOrder {
        let amount = Amount(units: UInt128(units))
        let digest = domain.refundDigest(channel: domain.channelID(of: terms), nonce: nonce, amount: amount)
        return RefundOrder(terms: terms, amount: amount, nonce: nonce, signature: signer.signNow(digest))
    }

    // MARK: - What comes of it

    func answer(to step: VoucherStep) async throws -> VoucherAnswer {
        do throws(SettlementError) { return try await carryOut(step) } catch {
            if case .unavailable = error { throw error }
            return .refused(error.code)
        }
    }

    private func carryOut(_ step: VoucherStep) async throws(SettlementError) -> VoucherAnswer {
        switch step {
        case .deposit(let deposit):
            let signed = self.deposit(deposit)
            let before = try await snapshot(of: deposit.terms)?.balance ?? .zero
            // Neither looks at a voucher that comes with a deposit.
            let voucher = SignedCeiling(
                terms: deposit.terms, ceiling: .zero, signature: signed.authorization.signature)
            let receipt = try await settlement.deposit(signed, for: voucher)
            // The same deposit a second time has the first receipt, and moves nothing.
            return receipt.snapshot.balance == before ? .nothing : .moved(receipt.amount)
        case .claim(let rows, let signer):
            let signed = self.rows(rows)
            let authorization = self.authorization(of: signed, by: signer)
            return .booked(try await settlement.claim(signed, authorization: authorization).outcomes)
        case .settle(let receiver):
            let receipt = try await settlement.settle(receiver: receiver, token: token.address)
            return receipt.transaction == nil ? .nothing : .moved(receipt.amount ?? .zero)
        case .refund(let terms, let units, let nonce, let signer):
            return .moved(try await settlement.refund(refund(terms, units, nonce: nonce, by: signer)).amount)
        case .initiateWithdraw(let terms, let units, let signer):
            let amount = Amount(units: UInt128(units))
            return .moved(try await settlement.initiateWithdraw(terms, amount: amount, by: signer).amount)
        case .finalizeWithdraw(let terms, let signer):
            return .moved(try await settlement.finalizeWithdraw(terms, by: signer).amount)
        }
    }

    func snapshot(of terms: ChannelTerms) async throws(SettlementError) -> ChannelSnapshot? {
        try await settlement.snapshot(of: domain.channelID(of: terms))
    }
}
