// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

/// A walk over everything that can happen to a payee: requests good and bad, crashes, refunds, withdrawals, sleep.
struct PayeeWalk {
    static let wallet: UInt128 = 1_000_000
    static let highestPrice: UInt128 = 60

    /// How far a payer may sign ahead.
    static let ahead = SigningAhead(maximum: 12, window: Amount(units: 800))

    /// Looks at the ledger and claims before a withdrawal's delay is over.
    let isAwake: Bool
    /// Whether the payer signs ahead, mostly.
    let isAhead: Bool
    private(set) var ledger = ModelLedger(wallet: wallet)
    private(set) var shop: Shop
    /// Whether a claim for all that was delivered was ever refused.
    private(set) var claimFailed = false
    private let hand: SigningHand
    private var random: SeededGenerator
    private var views: [ChannelSnapshot] = []
    private var spentDeposits: [SignedDeposit] = []
    private var salt: UInt64 = 0
    /// The highest that the payer ever signed.
    private var signed: UInt128 = 0
    /// What was sent, as somebody who listens knows it.
    private var overheard: [Amount] = []
    /// How often a voucher was let in that the shop had seen in this life of its process.
    private(set) var copiesLetIn = 0
    /// How many requests were in flight at most.
    private(set) var mostInFlight = 0

    init(seed: UInt64, hand: SigningHand, isAwake: Bool, isAhead: Bool = false) {
        self.hand = hand
        self.isAhead = isAhead
        self.isAwake = isAwake
        random = SeededGenerator(seed: seed)
        shop = Shop(alice: hand.alice, ledger: ledger)
    }

    /// Something happens; what, is told for whoever looks for a mistake.
    mutating func step() throws -> String {
        views.append(ledger.snapshot)
        switch draw(0...99) {
        case 0..<30: return isAhead && draw(0...9) > 0 ? try payAhead() : try pay()
        case 30..<50: return serve()
        case 50..<54: return fail()
        case 54..<68: return try runEffect()
        case 68..<74: return look()
        case 74..<77: return breakOff()
        case 77..<82: return try askRefund()
        case 82..<86: return withdraw()
        case 86..<90: return try finalize()
        case 90..<93: return restart()
        case 93..<96: return claim()
        default:
            ledger.pass(seconds: Int64(draw(1...30)))
            return "time passes"
        }
    }

    // MARK: - The payer

    private mutating func pay() throws -> String {
        let price = tens(0...6)
        let wrong = draw(0...9) == 0 ? tens(0...9) : 0
        let ceiling = Amount(units: shop.channel.charged.units + price + wrong)
        let deposit = try depositIfNeeded(for: ceiling)
        if let deposit, draw(0...3) > 0, (try? ledger.check(deposit)) == nil { return "bad deposit" }
        let voucher = try hand.voucher(ceiling)
        let id = try? shop.letIn(voucher, price: Amount(units: price), deposit: deposit, at: ledger.now)
        return "pay \(price) up to \(ceiling), deposit \(deposit?.amount ?? .zero): \(id == nil ? "refused" : "let in")"
    }

    /// Several vouchers one upon the other, which arrive in any order; now and then one is lost, wrong or a copy.
    private mutating func payAhead() throws -> String {
        var told: [String] = []
        var next: [(price: UInt128, ceiling: Amount)] = []
        var start = shop.channel.charged.units + shop.channel.requests.reduce(0) { $0 + $1.price.units }
        for _ in 0..<draw(1...6) {
            let price = tens(0...6)
            start += price
            signed = max(start, signed + 1)
            next.append((price, Amount(units: signed + (draw(0...19) == 0 ? tens(0...90) : 0))))
        }
        next.shuffle(using: &random)
        for (price, ceiling) in next where draw(0...19) > 0 {
            let copy = draw(0...4) == 0 ? overheard.suffix(30).randomElement(using: &random) : nil
            for sent in [ceiling, copy].compactMap({ $0 }) {
                let isNew = !shop.knows(sent)
                let id = try? shop.letIn(
                    try hand.voucher(sent), price: Amount(units: price), deposit: nil, at: ledger.now,
                    ahead: Self.ahead)
                if id != nil, !isNew { copiesLetIn += 1 }
                told.append("\(price) up to \(sent): \(id == nil ? "refused" : "let in")")
                if sent == ceiling { overheard.append(sent) }
            }
        }
        mostInFlight = max(mostInFlight, shop.channel.requests.count)
        return "pay ahead " + told.joined(separator: ", ")
    }

    /// Mostly enough and new; sometimes too small, not needed, or used before.
    private mutating func depositIfNeeded(for ceiling: Amount) throws -> SignedDeposit? {
        if draw(0...19) == 0, let used = spentDeposits.randomElement(using: &random) { return used }
        let missing = ceiling.clampedSubtracting(shop.channel.limit)
        guard !missing.isZero || draw(0...19) == 0 else { return nil }
        salt += 1
        let amount = draw(0...9) == 0 ? tens(1...3) : (missing.units + 99) / 100 * 100 + tens(0...20)
        let deposit = try hand.deposit(Amount(units: amount), salt: salt)
        spentDeposits.append(deposit)
        return deposit
    }

    private mutating func askRefund() throws -> String {
        let wrong = draw(0...9) == 0 ? 10 : UInt128(0)
        let voucher = try hand.voucher(Amount(units: shop.channel.charged.units + wrong))
        let amount = draw(0...1) == 0 ? nil : Amount(units: tens(0...30))
        let worked = (try? shop.apply(.refundAsked(shop.draw(), voucher, amount: amount))) != nil
        return "refund \(amount.map { "\($0)" } ?? "all"): \(worked)"
    }

    private mutating func withdraw() -> String {
        let available = ledger.balance - ledger.claimed
        let amount = draw(0...2) == 0 ? available : min(available, tens(1...40))
        let worked = (try? ledger.initiateWithdrawal(amount)) != nil
        return "withdraw \(amount): \(worked)"
    }

    private mutating func finalize() throws -> String {
        if isAwake { try wakeUp() }
        ledger.pass(seconds: ModelLedger.delay)
        let worked = (try? ledger.finalizeWithdrawal()) != nil
        return "finalize: \(worked)"
    }

    // MARK: - The payee

    private mutating func serve() -> String {
        guard let request = shop.inFlight.randomElement(using: &random) else { return "nothing to serve" }
        let price = min(tens(0...7), draw(0...9) == 0 ? .max : request.price.units)
        let worked = (try? shop.serve(request.id, price: Amount(units: price), at: ledger.now)) != nil
        return "serve for \(price) of \(request.price): \(worked)"
    }

    private mutating func fail() -> String {
        guard let request = shop.inFlight.randomElement(using: &random) else { return "nothing to fail" }
        return "fail: \((try? shop.release(request.id)) != nil)"
    }

    private mutating func runEffect() throws -> String {
        let crash = draw(0...1) == 0 ? Shop.Crash.never : Shop.Crash.allCases.randomElement(using: &random) ?? .never
        try shop.runEffect(on: &ledger, crash: crash)
        return "effect, crash \(crash)"
    }

    /// Reads the ledger, or hears of an old reading late.
    private mutating func look() -> String {
        let isOld = draw(0...3) == 0
        let view = isOld ? views.randomElement(using: &random) ?? ledger.snapshot : ledger.snapshot
        try? shop.apply(.observed(view))
        return "look, \(isOld ? "late" : "now")"
    }

    private mutating func breakOff() -> String { "delivery breaks off: \((try? shop.breakOff()) != nil)" }

    private mutating func restart() -> String { "restart: \((try? shop.restart()) != nil)" }

    private mutating func claim() -> String {
        // Without a fresh look, a payee who slept may ask for more than is there.
        if !isAwake { try? shop.apply(.observed(ledger.snapshot)) }
        let worked = shop.claim(on: &ledger)
        if !worked { claimFailed = true }
        ledger.settle()
        return "claim: \(worked)"
    }

    /// What a payee does within every withdrawal's delay.
    private mutating func wakeUp() throws {
        while !shop.outbox.isEmpty { try shop.runEffect(on: &ledger, crash: .never) }
        for request in shop.inFlight { try? shop.release(request.id) }
        try shop.apply(.observed(ledger.snapshot))
        while !shop.outbox.isEmpty { try shop.runEffect(on: &ledger, crash: .never) }
    }

    private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func tens(_ range: ClosedRange<Int>) -> UInt128 { UInt128(draw(range)) * 10 }
}
