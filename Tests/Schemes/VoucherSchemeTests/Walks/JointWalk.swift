// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

/// Payer and payee on a bad network: requests and answers get lost, requests arrive twice, the payee crashes.
struct JointWalk {
    static let wallet: UInt128 = 1_000_000
    static let highestPrice: UInt128 = 60

    private(set) var payer: VoucherPayer
    private(set) var shop: Shop
    private(set) var ledger = ModelLedger(wallet: wallet)
    /// The highest ceiling that was ever signed, whatever the payer forgot since.
    private(set) var signed: UInt128 = 0
    private let hand: SigningHand
    private var random: SeededGenerator
    private var message: Shop.Message?
    /// Whether something was lost since the message was first sent, so that nobody knows what became of it.
    private var isUnclear = false
    private var salt: UInt64 = 0

    init(seed: UInt64, hand: SigningHand) {
        self.hand = hand
        random = SeededGenerator(seed: seed)
        payer = VoucherPayer(id: hand.alice.id, terms: hand.alice.terms)
        shop = Shop(alice: hand.alice, ledger: ledger)
    }

    mutating func step() throws -> String {
        ledger.pass(seconds: Int64.random(in: 0...40, using: &random))
        guard let message else {
            switch Int.random(in: 0..<20, using: &random) {
            case 0: return try refund()
            case 1: return "delivery breaks off: \((try? shop.breakOff()) != nil)"
            case 2: return "claim: \(shop.claim(on: &ledger))"
            case 3: return "start over: \(startOver())"
            default: return try start()
            }
        }
        guard Int.random(in: 0..<8, using: &random) > 0 else { return lose("request") }
        if Int.random(in: 0..<8, using: &random) == 0 {
            // It arrives twice, and the first answer is the one that gets lost.
            _ = try shop.answer(message, on: &ledger, using: &random)
            isUnclear = true
        }
        let answer = try shop.answer(message, on: &ledger, using: &random)
        guard let answer, Int.random(in: 0..<8, using: &random) > 0 else {
            return lose("answer")
        }
        return try hear(answer)
    }

    // MARK: - The payer

    private mutating func start() throws -> String {
        let price = Amount(units: UInt128(Int.random(in: 0...6, using: &random)) * 10)
        let missing = (payer.charged.adding(price) ?? .max).clampedSubtracting(payer.balance)
        let deposit = Amount(units: (missing.units + 99) / 100 * 100)
        var voucher: Voucher?
        var authorized: SignedDeposit?
        for effect in try payer.apply(.requestStarted(price: price, deposit: .of(deposit), at: noon)) {
            switch effect {
            case .sign(let ceiling):
                voucher = try hand.voucher(ceiling)
                signed = max(signed, ceiling.units)
            case .authorizeDeposit(let amount):
                salt += 1
                authorized = try hand.deposit(amount, salt: salt)
            }
        }
        message = voucher.map { Shop.Message(price: price, voucher: $0, deposit: authorized) }
        isUnclear = false
        return "start \(price), deposit \(authorized?.amount ?? .zero)"
    }

    private mutating func lose(_ what: String) -> String {
        isUnclear = true
        return "\(what) gets lost"
    }

    private mutating func hear(_ answer: Shop.Answer) throws -> String {
        switch answer {
        case .paid(let charged):
            _ = try payer.apply(.answered(charged: charged))
        case .correction(let charged, let proof?):
            _ = try payer.apply(.corrected(charged: charged, balance: nil, proof: proof, ledger: ledger.snapshot))
        case .refused(let code) where code.hasSuffix("channel_busy"):
            return "busy"
        case .refused where !isUnclear && payer.balance.units == ledger.balance:
            _ = try payer.apply(.refused)
        case .refused, .correction(_, nil):
            // Nobody knows whether a deposit was locked: the ledger does.
            _ = startOver()
        }
        message = nil
        return "\(answer)"
    }

    private mutating func startOver() -> Bool {
        payer = VoucherPayer(id: payer.id, terms: payer.terms, ledger: ledger.snapshot)
        message = nil
        return true
    }

    private mutating func refund() throws -> String {
        let voucher = try hand.voucher(payer.charged)
        let before = ledger.balance
        guard (try? shop.apply(.refundAsked(shop.draw(), voucher, amount: nil))) != nil,
            try shop.catchUp(on: &ledger, using: &random), Int.random(in: 0..<4, using: &random) > 0
        else { return "refund refused, or its answer lost" }
        let amount = Amount(units: before - ledger.balance)
        // Refused when the payer does not know of a deposit: then it looks at the ledger.
        if (try? payer.apply(.refunded(amount))) == nil { _ = startOver() }
        return "refund \(amount)"
    }

    // MARK: - The end

    /// The network heals: all that is open is brought to its end, and what is left goes back.
    mutating func finish() throws {
        while !shop.outbox.isEmpty { try shop.runEffect(on: &ledger, crash: .never) }
        for request in shop.inFlight { try? shop.release(request.id) }
        // Whoever forgot what was charged is told by a correction.
        _ = startOver()
        while payer.charged != shop.channel.charged {
            _ = try payer.apply(.requestStarted(price: 0, deposit: Amount(units: Self.wallet)))
            let proof = try hand.voucher(shop.channel.authorised)
            _ = try payer.apply(
                .corrected(charged: shop.channel.charged, balance: nil, proof: proof, ledger: ledger.snapshot))
        }
        let before = ledger.balance
        if !shop.channel.refundable.isZero {
            try shop.apply(.refundAsked(shop.draw(), try hand.voucher(payer.charged), amount: nil))
            while !shop.outbox.isEmpty { try shop.runEffect(on: &ledger, crash: .never) }
            _ = try payer.apply(.refunded(Amount(units: before - ledger.balance)))
        }
        shop.claim(on: &ledger)
        ledger.settle()
    }
}
