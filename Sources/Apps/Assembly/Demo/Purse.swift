// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Foundation
import NIOHTTP1

/// One channel of the demo's wallet: the payer's machine, and the key that signs what it asks for.
struct Purse: Sendable {
    private static let depositedRequests: UInt128 = 50

    private let offer: JSON
    private let price: Amount
    private let payer: KeySigner
    private let domain: SettlementDomain
    private let token: Token
    private var books: VoucherPayer

    /// - Parameter index: Makes the salt, and so a channel of its own.
    init(index: Int, offer: JSON, payer: KeySigner, domain: SettlementDomain, token: Token) throws {
        guard let price = offer["amount"]?.stringValue.flatMap(Amount.init(wire:)),
            let receiver = offer["payTo"]?.stringValue.flatMap(Address.init(hex:)),
            let authorizer = offer["extra"]?["receiverAuthorizer"]?.stringValue.flatMap(Address.init(hex:)),
            let delay = offer["extra"]?["withdrawDelay"]?.integerValue
        else { throw DemoFault.unexpected(status: 402, body: offer.text) }
        self.offer = offer
        self.price = price
        self.payer = payer
        self.domain = domain
        self.token = token
        let terms = ChannelTerms(
            payer: payer.address, payerAuthorizer: payer.address, receiver: receiver, receiverAuthorizer: authorizer,
            token: token.address, withdrawDelay: UInt64(clamping: delay),
            salt: Keccak256.hash(utf8: "farthing demo \(index)"))
        books = VoucherPayer(id: domain.channelID(of: terms), terms: terms)
    }

    var isUnused: Bool { books.balance.isZero }

    /// Signs for one more request, and for a deposit when the channel holds too little.
    mutating func payment() throws -> PaymentPayload {
        let deposit = price.multiplied(by: Self.depositedRequests) ?? price
        let leave = DepositLeave(amount: deposit, salt: Self.salt(), validBefore: Self.now + 3600)
        let effects = try books.apply(
            .requestStarted(price: price, deposit: leave, at: Instant(unixSeconds: Int64(Self.now))))
        var authorized: UnverifiedDeposit?
        var voucher: UnverifiedVoucher?
        for effect in effects {
            switch effect {
            case .authorizeDeposit(let leave): authorized = authorize(leave)
            case .sign(let ceiling): voucher = sign(ceiling)
            }
        }
        guard let voucher else { throw VoucherPayer.Refusal.nothingInFlight }
        let payload: VoucherPayload =
            if let authorized { .deposit(books.terms, voucher, authorized) } else { .voucher(books.terms, voucher) }
        return PaymentPayload(accepted: offer, payload: payload.json)
    }

    /// Takes in what the gate says it charged.
    mutating func settle(_ answer: DemoWallet.Answer) throws {
        guard answer.status == .ok, answer.settled?["success"]?.boolValue == true,
            let charged = answer.settled?["extra"]?["chargedAmount"]?.stringValue.flatMap(Amount.init(wire:))
        else { throw DemoFault.unexpected(status: answer.status.code, body: answer.body) }
        _ = try books.apply(.answered(charged: charged))
    }

    /// Signs for what was charged so far, and asks for the rest.
    func refund() -> PaymentPayload {
        PaymentPayload(
            accepted: offer, payload: VoucherPayload.refund(books.terms, sign(books.charged), amount: nil).json)
    }

    mutating func settleRefund(_ answer: DemoWallet.Answer) throws -> Amount {
        // A channel that was spent to the last unit has nothing to give back.
        if answer.settled?["errorReason"]?.stringValue == "invalid_batch_settlement_evm_refund_no_balance" {
            return .zero
        }
        guard answer.status == .ok, answer.settled?["success"]?.boolValue == true,
            let amount = answer.settled?["amount"]?.stringValue.flatMap(Amount.init(wire:))
        else { throw DemoFault.unexpected(status: answer.status.code, body: answer.body) }
        _ = try books.apply(.refunded(amount))
        return amount
    }

    private func sign(_ ceiling: Amount) -> UnverifiedVoucher {
        let digest = domain.voucherDigest(channel: books.id, ceiling: ceiling)
        return UnverifiedVoucher(channel: books.id, ceiling: ceiling, signature: payer.signNow(digest).bytes)
    }

    private func authorize(_ leave: DepositLeave) -> UnverifiedDeposit {
        let digest = domain.depositDigest(
            token: token.domain, payer: payer.address, amount: leave.amount, validAfter: 0,
            validBefore: leave.validBefore,
            nonce: SettlementDomain.depositNonce(channel: books.id, salt: leave.salt))
        return UnverifiedDeposit(
            amount: leave.amount, validAfter: 0, validBefore: leave.validBefore, salt: leave.salt,
            signature: payer.signNow(digest).bytes)
    }

    private static var now: UInt64 { UInt64(Date().timeIntervalSince1970) }

    private static func salt() -> Hash32 {
        Hash32 { bytes in
            for index in bytes.indices { bytes[index] = .random(in: .min ... .max) }
        }
    }
}
