// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// What a payer sends in `PaymentPayload.payload`: nothing in it was checked but its form.
///
/// - Source: x402 v2, scheme `batch-settlement` on EVM, payload types `deposit`, `voucher` and `refund`.
public enum VoucherPayload: Hashable, Sendable {
    case voucher(ChannelTerms, UnverifiedVoucher)
    case deposit(ChannelTerms, UnverifiedVoucher, UnverifiedDeposit)
    /// `nil` asks for all that is left. The amount is kept as it was written: what is wrong with it is told
    /// when the refund is settled.
    case refund(ChannelTerms, UnverifiedVoucher, amount: String?)

    public var terms: ChannelTerms {
        switch self {
        case .voucher(let terms, _), .deposit(let terms, _, _), .refund(let terms, _, _): terms
        }
    }

    public var voucher: UnverifiedVoucher {
        switch self {
        case .voucher(_, let voucher), .deposit(_, let voucher, _), .refund(_, let voucher, _): voucher
        }
    }
}

/// A deposit as it came from outside.
public struct UnverifiedDeposit: Hashable, Sendable {
    public var amount: Amount
    /// Unix seconds.
    public var validAfter: UInt64
    /// Unix seconds.
    public var validBefore: UInt64
    /// Makes the nonce; by Permit2 the nonce itself.
    public var salt: Hash32
    public var signature: [UInt8]
    /// The collector of a deposit by Permit2; `nil` for one by EIP-3009.
    public var permit2Spender: Address?

    public init(
        amount: Amount, validAfter: UInt64, validBefore: UInt64, salt: Hash32, signature: [UInt8],
        permit2Spender: Address? = nil
    ) {
        self.amount = amount
        self.validAfter = validAfter
        self.validBefore = validBefore
        self.salt = salt
        self.signature = signature
        self.permit2Spender = permit2Spender
    }

    /// How long an authorisation must still be valid, so that there is time to submit it.
    ///
    /// - Unit: seconds.
    /// - Source: the official facilitator's buffer.
    public static let leastValidity: Int64 = 6

    /// Checks the span of time and the payer's signature.
    ///
    /// - Parameter method: The one that the payee takes.
    public func verified(
        for terms: ChannelTerms, token: TokenDomain, by method: DepositMethod = .eip3009, in domain: SettlementDomain,
        at now: Instant
    ) throws(VoucherChannel.Refusal) -> SignedDeposit {
        guard method == .eip3009 else { return try verifiedByPermit2(for: terms, token, in: domain, at: now) }
        guard permit2Spender == nil else { throw .authorizationRequired }
        // No moment is later than Int64.max, but an authorisation may say so: it is valid until then.
        guard validBefore >= UInt64(clamping: now.advanced(bySeconds: Self.leastValidity).unixSeconds) else {
            throw .authorizationExpired(validBefore: validBefore, now: now)
        }
        guard validAfter <= UInt64(clamping: now.unixSeconds) else {
            throw .authorizationNotYetValid(validAfter: validAfter, now: now)
        }
        let signature: Signature
        do { signature = try Signature(self.signature) } catch { throw .depositSignature(.malformed(error)) }
        let deposit = SignedDeposit(
            terms: terms, amount: amount,
            authorization: TransferAuthorization(
                validAfter: validAfter, validBefore: validBefore, salt: salt, signature: signature))
        let digest = domain.depositDigest(deposit, token: token)
        guard signature.isBy(terms.payer, over: digest, as: domain.accounts) else {
            throw .depositSignature(.foreign)
        }
        return deposit
    }

    private func verifiedByPermit2(
        for terms: ChannelTerms, _ token: TokenDomain, in domain: SettlementDomain, at now: Instant
    ) throws(VoucherChannel.Refusal) -> SignedDeposit {
        guard let permit2Spender, domain.accounts == .keccak else { throw .permit2Required }
        guard permit2Spender == domain.permit2Collector else {
            throw .permit2Spender(sent: permit2Spender, collector: domain.permit2Collector)
        }
        guard validBefore >= UInt64(clamping: now.advanced(bySeconds: Self.leastValidity).unixSeconds) else {
            throw .permit2Expired(deadline: validBefore, now: now)
        }
        let signature: Signature
        do { signature = try Signature(self.signature) } catch { throw .permit2Signature(.malformed(error)) }
        let deposit = SignedDeposit(
            terms: terms, amount: amount,
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: validBefore, salt: salt, signature: signature, method: .permit2))
        guard signature.isBy(terms.payer, over: domain.depositDigest(deposit, token: token)) else {
            throw .permit2Signature(.foreign)
        }
        return deposit
    }
}
