// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives
import FarthingVoucherScheme
import Testing

/// The payer: she signs vouchers and deposits with real keys, for one channel on one chain.
struct Alice {
    let domain: SettlementDomain
    let terms: ChannelTerms
    let id: ChannelID
    let token: Token
    private let wallet: KeySigner
    /// Signs the vouchers; the wallet itself unless another one was named.
    let hand: KeySigner

    init(
        wallet: UInt8 = 0x11, hand: UInt8? = nil, namesHand: Bool = true, salt: UInt8 = 0, chain: UInt64 = 84_532
    ) throws {
        domain = try #require(SettlementDomain(network: Network(evm: chain)))
        self.wallet = Self.key(wallet)
        self.hand = Self.key(hand ?? wallet)
        let usdc = try #require(Address(hex: "0x036CbD53842c5426634e7929541eC2318f3dCF7e"))
        token = Token(domain: TokenDomain(address: usdc, name: "USDC", version: "2"), symbol: "USDC", decimals: 6)
        terms = ChannelTerms(
            payer: self.wallet.address, payerAuthorizer: namesHand ? self.hand.address : .zero,
            receiver: Self.key(0x22).address, receiverAuthorizer: Self.key(0x33).address, token: usdc,
            withdrawDelay: 900, salt: try #require(Hash32([UInt8](repeating: salt, count: 32))))
        id = domain.channelID(of: terms)
    }

    /// Every byte of the key is the same; a fresh key where that is none.
    static func key(_ byte: UInt8) -> KeySigner {
        KeySigner(PrivateKey([UInt8](repeating: byte, count: 32)) ?? .random())
    }

    /// What Bob offers, and what Alice's channel was opened for.
    var offer: VoucherOffer {
        VoucherOffer(
            receiver: terms.receiver, receiverAuthorizer: terms.receiverAuthorizer, token: token,
            withdrawDelay: terms.withdrawDelay, minimumDeposit: 10_000)
    }

    // MARK: - Vouchers

    func unverifiedVoucher(_ ceiling: Amount) -> UnverifiedVoucher {
        let digest = domain.voucherDigest(channel: id, ceiling: ceiling)
        return UnverifiedVoucher(channel: id, ceiling: ceiling, signature: hand.signNow(digest).bytes)
    }

    func voucher(_ ceiling: Amount) throws -> Voucher {
        try unverifiedVoucher(ceiling).verified(by: nil, under: terms, in: domain)
    }

    // MARK: - Deposits

    func unverifiedDeposit(
        _ amount: Amount, validAfter: UInt64 = 0, validBefore: UInt64 = 2_000_000_000, salt: UInt64 = 1
    ) -> UnverifiedDeposit {
        unverifiedDeposit(
            DepositLeave(amount: amount, salt: DepositLeave.salt(salt), validBefore: validBefore),
            validAfter: validAfter)
    }

    func unverifiedDeposit(_ leave: DepositLeave, validAfter: UInt64 = 0) -> UnverifiedDeposit {
        let digest = domain.depositDigest(
            token: token.domain, payer: wallet.address, amount: leave.amount, validAfter: validAfter,
            validBefore: leave.validBefore, nonce: SettlementDomain.depositNonce(channel: id, salt: leave.salt))
        return UnverifiedDeposit(
            amount: leave.amount, validAfter: validAfter, validBefore: leave.validBefore, salt: leave.salt,
            signature: wallet.signNow(digest).bytes)
    }

    func deposit(_ leave: DepositLeave) throws -> SignedDeposit {
        try unverifiedDeposit(leave).verified(for: terms, token: token.domain, in: domain, at: noon)
    }

    func deposit(_ amount: Amount, salt: UInt64 = 1) throws -> SignedDeposit {
        try unverifiedDeposit(amount, salt: salt).verified(for: terms, token: token.domain, in: domain, at: noon)
    }
}

/// When nothing depends on the time.
let noon = Instant(unixSeconds: 1_700_000_000)

extension Amount: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt64) { self.init(units: UInt128(value)) }
}

extension DepositLeave {
    /// A leave of which only the amount matters, and by which salt it is told from others.
    static func of(_ amount: Amount, salt: UInt64 = 0, seconds: Int64 = 3600) -> DepositLeave {
        DepositLeave(
            amount: amount, salt: Self.salt(salt),
            validBefore: UInt64(clamping: noon.advanced(bySeconds: seconds).unixSeconds))
    }

    static func salt(_ number: UInt64) -> Hash32 {
        Hash32(filling: { $0.storeBytes(of: number.bigEndian, toByteOffset: 24, as: UInt64.self) })
    }
}
