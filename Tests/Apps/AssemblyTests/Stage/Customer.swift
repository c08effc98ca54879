// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402

/// A payer with one channel, who counts what it was charged.
struct Customer: Sendable {
    let key: KeySigner
    let terms: ChannelTerms
    let id: ChannelID
    let domain: SettlementDomain
    let token: Token
    private(set) var charged = Amount.zero
    /// How many deposits were signed: each needs a salt of its own.
    private var deposits: UInt64 = 0

    /// - Parameter authorizer: `nil` for the payee's own.
    init(
        _ number: UInt64, of payee: Payee, domain: SettlementDomain, token: Token = Payee.token,
        authorizer: Address? = nil
    ) {
        key = KeySigner(Payee.key(number + 1))
        self.domain = domain
        self.token = token
        terms = ChannelTerms(
            payer: key.address, payerAuthorizer: key.address, receiver: payee.receiver,
            receiverAuthorizer: authorizer ?? payee.authorizer.address, token: token.address, withdrawDelay: 900)
        id = domain.channelID(of: terms)
    }

    mutating func signDeposit(_ amount: Amount, at now: Instant) -> UnverifiedDeposit {
        deposits += 1
        let salt = Hash32(filling: { $0.storeBytes(of: deposits.bigEndian, toByteOffset: 24, as: UInt64.self) })
        let end = UInt64(now.unixSeconds) + 3600
        let digest = domain.depositDigest(
            token: token.domain, payer: key.address, amount: amount, validAfter: 0, validBefore: end,
            nonce: SettlementDomain.depositNonce(channel: id, salt: salt))
        return UnverifiedDeposit(
            amount: amount, validAfter: 0, validBefore: end, salt: salt, signature: key.signNow(digest).bytes)
    }

    /// Signs for one more request.
    func pay(_ offer: PaymentRequirements, depositing deposit: UnverifiedDeposit? = nil) -> PaymentPayload {
        let ceiling = charged.adding(offer.amount) ?? .max
        let voucher = UnverifiedVoucher(
            channel: id, ceiling: ceiling,
            signature: key.signNow(domain.voucherDigest(channel: id, ceiling: ceiling)).bytes)
        let payload: VoucherPayload =
            if let deposit { .deposit(terms, voucher, deposit) } else { .voucher(terms, voucher) }
        return PaymentPayload(accepted: offer.json, payload: payload.json)
    }

    /// Asks for money back, for all that is left unless an amount is given.
    func askBack(_ offer: PaymentRequirements, _ amount: UInt128? = nil) -> PaymentPayload {
        let voucher = UnverifiedVoucher(
            channel: id, ceiling: charged,
            signature: key.signNow(domain.voucherDigest(channel: id, ceiling: charged)).bytes)
        return PaymentPayload(
            accepted: offer.json, payload: VoucherPayload.refund(terms, voucher, amount: amount.map { "\($0)" }).json)
    }

    mutating func settle(_ response: SettleResponse) {
        let amount = response.extra?["chargedAmount"]?.stringValue.flatMap(Amount.init(wire:)) ?? .zero
        charged = charged.adding(amount) ?? .max
    }

    /// After trouble: what the payee's books say, as a corrective 402 would tell it.
    mutating func adopt(_ charged: Amount) { self.charged = charged }
}

/// Who is paid, the same in all tests.
struct Payee: Sendable {
    static let token = Token(
        domain: TokenDomain(
            address: Address([UInt8](repeating: 0xaa, count: 20)) ?? .zero, name: "USDC", version: "2"),
        symbol: "USDC", decimals: 6)

    let receiver: Address
    let authorizer: KeySigner

    init(_ number: UInt64 = 1) {
        receiver = KeySigner(Self.key(1_000_000 + number)).address
        authorizer = KeySigner(Self.key(2_000_000 + number))
    }

    /// A key that is a number; none is 0.
    static func key(_ number: UInt64) -> PrivateKey {
        var bytes = [UInt8](repeating: 0, count: 32)
        for index in 0..<8 { bytes[31 - index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
        return PrivateKey(bytes) ?? .random()
    }
}
