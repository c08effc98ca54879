// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Foundation

/// A payer with one channel: keeps its books, and signs what it wants, honest or not.
struct TestPayer: Sendable {
    struct Unpaid: Error, CustomStringConvertible {
        let reply: HTTPReply
        var description: String { "\(reply.head.firstLine): \(reply.text.prefix(500))" }
    }

    static let token = TokenDomain(
        address: Address(hex: "0x036CbD53842c5426634e7929541eC2318f3dCF7e") ?? .zero, name: "USDC", version: "2")

    let key: KeySigner
    let domain: SettlementDomain
    let offer: JSON
    let price: Amount
    /// How much is deposited when the channel holds too little.
    var depositAmount: Amount
    private(set) var books: VoucherPayer

    /// - Parameters:
    ///   - offer: An entry of `accepts`.
    ///   - salt: Makes a channel of its own; a random one by default.
    init?(_ key: KeySigner, offer: JSON, salt: Hash32 = .random()) {
        guard let price = offer["amount"]?.stringValue.flatMap(Amount.init(wire:)),
            let network = offer["network"]?.stringValue.flatMap({ Network($0) }),
            let domain = SettlementDomain(network: network),
            let receiver = offer["payTo"]?.stringValue.flatMap(Address.init(hex:)),
            let authorizer = offer["extra"]?["receiverAuthorizer"]?.stringValue.flatMap(Address.init(hex:)),
            let token = offer["asset"]?.stringValue.flatMap(Address.init(hex:)),
            let delay = offer["extra"]?["withdrawDelay"]?.integerValue
        else { return nil }
        self.key = key
        self.domain = domain
        self.offer = offer
        self.price = price
        depositAmount = price.multiplied(by: 20) ?? price
        let terms = ChannelTerms(
            payer: key.address, payerAuthorizer: key.address, receiver: receiver, receiverAuthorizer: authorizer,
            token: token, withdrawDelay: UInt64(clamping: delay), salt: salt)
        books = VoucherPayer(id: domain.channelID(of: terms), terms: terms)
    }

    var channel: ChannelID { books.id }
    var terms: ChannelTerms { books.terms }
    var charged: Amount { books.charged }
    var isAwaiting: Bool { books.phase != .idle }

    // MARK: - Paying

    /// Signs for one more request, and for a deposit when the channel holds too little.
    mutating func pay() throws -> JSON {
        var deposit: UnverifiedDeposit?
        var voucher: UnverifiedVoucher?
        for effect in try books.apply(.requestStarted(price: price, deposit: leave, at: Self.now)) {
            switch effect {
            case .authorizeDeposit(let leave):
                deposit = authorize(leave.amount, validBefore: leave.validBefore, salt: leave.salt)
            case .sign(let ceiling): voucher = sign(ceiling)
            }
        }
        guard let voucher else { throw VoucherPayer.Refusal.nothingInFlight }
        return envelope(deposit.map { .deposit(terms, voucher, $0) } ?? .voucher(terms, voucher))
    }

    /// Takes in what the gate says it charged.
    ///
    /// - Throws: ``Unpaid`` when the payment was not taken.
    mutating func settle(_ reply: HTTPReply) throws {
        guard reply.settled?["success"]?.boolValue == true, let charged = reply.charged.flatMap(Amount.init(wire:))
        else {
            _ = try books.apply(.refused)
            throw Unpaid(reply: reply)
        }
        _ = try books.apply(.answered(charged: charged))
    }

    /// Nobody knows what became of the payment; the payer asks the payee's books.
    ///
    /// - Parameter balance: What lies in the channel.
    mutating func adopt(charged: Amount, balance: Amount) throws {
        let proof = try sign(max(charged, books.authorised)).verified(by: nil, under: terms, in: domain)
        let ledger = ChannelSnapshot(
            balance: balance, totalClaimed: .zero, withdrawal: nil, refundNonce: 0,
            block: Block(height: 0, time: Instant(unixSeconds: 0)))
        // Books that were lost believe every voucher of their own.
        books = VoucherPayer(id: channel, terms: terms, ledger: ledger)
        _ = try books.apply(.requestStarted(price: price, deposit: leave, at: Self.now))
        _ = try books.apply(.corrected(charged: charged, balance: nil, proof: proof, ledger: ledger))
    }

    mutating func refunded(_ amount: Amount) throws { _ = try books.apply(.refunded(amount)) }

    /// A deposit that is signed for the first time.
    private var leave: DepositLeave {
        DepositLeave(amount: depositAmount, salt: .random(), validBefore: UInt64(Self.now.unixSeconds) + 3600)
    }

    private static var now: Instant { Instant(unixSeconds: Int64(Date().timeIntervalSince1970)) }

    // MARK: - Signing

    func sign(_ ceiling: Amount, for channel: ChannelID? = nil, by other: KeySigner? = nil) -> UnverifiedVoucher {
        let channel = channel ?? self.channel
        let signature = (other ?? key).signNow(domain.voucherDigest(channel: channel, ceiling: ceiling))
        return UnverifiedVoucher(channel: self.channel, ceiling: ceiling, signature: signature.bytes)
    }

    func authorize(
        _ amount: Amount, validAfter: UInt64 = 0, validBefore: UInt64? = nil, salt: Hash32 = .random()
    ) -> UnverifiedDeposit {
        let validBefore = validBefore ?? UInt64(Date().timeIntervalSince1970) + 3600
        let digest = domain.depositDigest(
            token: Self.token, payer: key.address, amount: amount, validAfter: validAfter, validBefore: validBefore,
            nonce: SettlementDomain.depositNonce(channel: channel, salt: salt))
        return UnverifiedDeposit(
            amount: amount, validAfter: validAfter, validBefore: validBefore, salt: salt,
            signature: key.signNow(digest).bytes)
    }

    /// The next voucher as it should be, so many units above what was charged.
    func voucher(adding units: UInt128? = nil) -> JSON {
        let amount = units.map { Amount(units: $0) } ?? price
        return envelope(.voucher(terms, sign(charged.adding(amount) ?? .max)))
    }

    func refund(_ amount: String? = nil) -> JSON { envelope(.refund(terms, sign(charged), amount: amount)) }

    func envelope(_ payload: VoucherPayload) -> JSON {
        ["x402Version": 2, "accepted": offer, "payload": payload.json]
    }
}
