// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A voucher as it came from outside: nobody has looked at its signature yet.
public struct UnverifiedVoucher: Hashable, Sendable {
    public var channel: ChannelID
    /// How much the payee may take in all, not for this request alone.
    public var ceiling: Amount
    /// Whatever stood where the signature belongs.
    public var signature: [UInt8]

    public init(channel: ChannelID, ceiling: Amount, signature: [UInt8]) {
        self.channel = channel
        self.ceiling = ceiling
        self.signature = signature
    }

    /// Checks the signature against the key that the channel is pinned to.
    ///
    /// - Parameters:
    ///   - key: The signer's key from an earlier voucher of the same channel, whose id is then not computed again:
    ///     use ``VoucherChannel/verify(_:in:)``, which sees to that. `nil` recovers the key and compares its address.
    ///   - terms: Whose `voucherSigner` must have signed.
    /// - Throws: ``VoucherChannel/Refusal/voucherSignature(_:)``, or without a key
    ///   ``VoucherChannel/Refusal/channelIDMismatch(sent:computed:)`` when the terms are another channel's.
    public func verified(
        by key: PublicKey?, under terms: ChannelTerms, in domain: SettlementDomain
    ) throws(VoucherChannel.Refusal) -> Voucher {
        if key == nil {
            let computed = domain.channelID(of: terms)
            guard channel == computed else { throw .channelIDMismatch(sent: channel, computed: computed) }
        }
        let signature: Signature
        do { signature = try Signature(self.signature) } catch { throw .voucherSignature(.malformed(error)) }
        let digest = domain.voucherDigest(channel: channel, ceiling: ceiling)
        if let key {
            guard key.verifies(signature, over: digest) else { throw .voucherSignature(.foreign) }
            return Voucher(ceiling: ceiling, signature: signature, signer: key)
        }
        guard let signer = PublicKey(recovering: signature, over: digest),
            signer.account(domain.accounts) == terms.voucherSigner
        else { throw .voucherSignature(.foreign) }
        return Voucher(ceiling: ceiling, signature: signature, signer: signer)
    }
}

/// A voucher whose signature was checked when it was made, so that nobody downstream checks it again.
///
/// - Source: x402 v2, scheme `batch-settlement`: `Voucher(bytes32 channelId,uint128 maxClaimableAmount)`.
public struct Voucher: Hashable, Sendable {
    /// How much the payee may take in all.
    public let ceiling: Amount
    public let signature: Signature
    /// Kept with the voucher, because checking against a parsed key is cheaper than recovering it.
    public let signer: PublicKey

    /// Checks the signature of a voucher against the key that its channel is pinned to.
    ///
    /// - Returns: `nil` when somebody else made it, or when the voucher or its terms are another channel's.
    public init?(_ plain: PlainVoucher, of channel: VoucherChannel, in domain: SettlementDomain) {
        guard plain.channel == channel.id, plain.terms == channel.terms, let signer = channel.signer,
            signer.verifies(
                plain.signature, over: domain.voucherDigest(channel: channel.id, ceiling: plain.ceiling))
        else { return nil }
        self.init(ceiling: plain.ceiling, signature: plain.signature, signer: signer)
    }

    /// Whether its signer has this account, on one kind of chain or the other.
    func isBy(_ account: Address) -> Bool { AccountForm.allCases.contains { signer.account($0) == account } }

    init(ceiling: Amount, signature: Signature, signer: PublicKey) {
        self.ceiling = ceiling
        self.signature = signature
        self.signer = signer
    }

    /// The voucher as a settlement takes it.
    public func signedCeiling(
        under terms: ChannelTerms, of channel: ChannelID, in domain: SettlementDomain
    )
        -> SignedCeiling
    {
        SignedCeiling(terms: terms, ceiling: ceiling, signature: claimable(of: channel, in: domain))
    }

    /// The signature as a contract takes it, which recovers the signer instead of checking against it.
    ///
    /// A payer may flip `v`, the last byte, and still be verified; a contract would then recover somebody
    /// else. The right `v` follows from the key, so nobody can make a voucher worthless that way.
    public func claimable(of channel: ChannelID, in domain: SettlementDomain) -> Signature {
        signature.recovering(signer, over: domain.voucherDigest(channel: channel, ceiling: ceiling)) ?? signature
    }
}
