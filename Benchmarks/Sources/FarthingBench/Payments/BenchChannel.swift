// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme

/// One channel, and the payer who signs for it.
///
/// The keys follow from the number, so that a payer and a payee in two processes make the same channels.
struct BenchChannel: Sendable {
    let signer: KeySigner
    let terms: ChannelTerms
    let id: ChannelID
    private let domain: SettlementDomain

    /// - Parameter number: Tells the channel from others of the same payer.
    init(_ number: Int, of signer: KeySigner, offer: VoucherOffer, domain: SettlementDomain) {
        self.domain = domain
        self.signer = signer
        terms = ChannelTerms(
            payer: signer.address, payerAuthorizer: signer.address, receiver: offer.receiver,
            receiverAuthorizer: offer.receiverAuthorizer, token: offer.token.address,
            withdrawDelay: offer.withdrawDelay, salt: Keccak256.hash(utf8: "farthing bench \(number)"))
        id = domain.channelID(of: terms)
    }

    static func signer(_ number: Int) -> KeySigner {
        var digest = Keccak256.hash(utf8: "farthing bench payer \(number)")
        while true {
            if let key = PrivateKey(digest.bytes) { return KeySigner(key) }
            // Once in 2¹²⁸.
            digest = Keccak256.hash(digest.bytes)
        }
    }

    func signature(upTo ceiling: Amount) -> Signature {
        signer.signNow(domain.voucherDigest(channel: id, ceiling: ceiling))
    }

    /// The payload of a voucher, as it travels.
    func payload(upTo ceiling: Amount) -> JSON {
        let voucher = UnverifiedVoucher(channel: id, ceiling: ceiling, signature: signature(upTo: ceiling).bytes)
        return VoucherPayload.voucher(terms, voucher).json
    }

    func deposit(_ amount: Amount, of token: Token) -> SignedDeposit {
        let digest = domain.depositDigest(
            token: token.domain, payer: terms.payer, amount: amount, validAfter: 0, validBefore: .max,
            nonce: SettlementDomain.depositNonce(channel: id, salt: .zero))
        return SignedDeposit(
            terms: terms, amount: amount,
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: .max, salt: .zero, signature: signer.signNow(digest)))
    }
}
