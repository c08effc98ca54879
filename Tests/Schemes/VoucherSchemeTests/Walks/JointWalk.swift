// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

/// Payer and payee on a bad network: requests and answers get lost, come late or twice, and the payee crashes.
struct JointWalk {
    static let wallet: UInt128 = 1_000_000
    static let highestPrice: UInt128 = 60
    /// How long a deposit is valid.
    ///
    /// - Unit: seconds.
    static let validity: Int64 = 300

    private(set) var payer: VoucherPayer
    private(set) var shop: Shop
    private(set) var ledger = ModelLedger(wallet: wallet)
    /// The highest ceiling that was ever signed, whatever the payer forgot since.
    private(set) var signed: UInt128 = 0
    /// What the answers that came through said.
    private(set) var heard: UInt128 = 0
    /// The prices of all requests whose outcome the payer did not learn at once.
    private(set) var doubted: UInt128 = 0
    /// All deposits that were signed, each once.
    private(set) var leaves: [DepositLeave] = []
    /// What no rule allows, and happened.
    private(set) var faults: [String] = []
    /// How often each kind of event reached the payer.
    private(set) var events: [String: Int] = [:]
    private let hand: SigningHand
    var random: SeededGenerator
    private var message: Shop.Message?
    /// Copies that the network still holds.
    private var wandering: [Shop.Message] = []
    /// Whether something was lost since the message was first sent, so that nobody knows what became of it.
    private var isUnclear = false
    private var salt: UInt64 = 0
    /// What a node of the settlement's that lags behind would tell.
    private var stale: ChannelSnapshot

    init(seed: UInt64, hand: SigningHand) {
        self.hand = hand
        random = SeededGenerator(seed: seed)
        payer = VoucherPayer(id: hand.alice.id, terms: hand.alice.terms)
        shop = Shop(alice: hand.alice, ledger: ledger)
        stale = ledger.snapshot
    }

    mutating func step() throws -> String {
        ledger.pass(seconds: Int64.random(in: 0...40, using: &random))
        if chance(1, of: 8) { stale = ledger.snapshot }
        if chance(1, of: 10), let late = wandering.popLast() {
            _ = try shop.answer(late, on: &ledger, using: &random)
            return "a late copy for \(late.voucher.ceiling) arrives"
        }
        if chance(1, of: 12) { return try look(chance(1, of: 3) ? stale : ledger.snapshot) }
        guard let message else {
            switch Int.random(in: 0..<200, using: &random) {
            case 0..<10: return try refund()
            case 10..<20: return "delivery breaks off: \((try? shop.breakOff()) != nil)"
            case 20..<30: return "claim: \(shop.claim(on: &ledger))"
            case 30: return loseBooks()
            default: return try start()
            }
        }
        guard !chance(1, of: 8) else {
            if wandering.count < 4 { wandering.append(message) }
            return try lose("request")
        }
        if chance(1, of: 8) {
            // It arrives twice, and the first answer is the one that gets lost.
            _ = try shop.answer(message, on: &ledger, using: &random)
            isUnclear = true
        }
        let answer = try shop.answer(message, on: &ledger, using: &random)
        guard let answer, !chance(1, of: 8) else { return try lose("answer") }
        return try hear(answer, to: message)
    }

    // MARK: - The payer

    /// Tells the payer; an honest payee is never refused.
    @discardableResult
    private mutating func tell(_ event: VoucherPayer.Event, as name: String) throws -> [VoucherPayer.Effect] {
        let effects = try payer.apply(event)
        events[name, default: 0] += 1
        // What lies on the disk is all that there is.
        if try VoucherPayer(stored: payer.stored) != payer { faults.append("stored and read, the payer is another") }
        return effects
    }

    private mutating func start() throws -> String {
        let price = Amount(units: UInt128(Int.random(in: 0...6, using: &random)) * 10)
        let now = UInt64(clamping: ledger.now.unixSeconds)
        // A deposit that has expired may have been locked before; and a refund that nobody heard of took something.
        if payer.isRefundInDoubt || payer.outstanding.map({ $0.validBefore <= now }) ?? false {
            _ = try look(ledger.snapshot)
        }
        let missing = (payer.charged.adding(price) ?? .max).clampedSubtracting(payer.limit)
        salt += 1
        let leave = DepositLeave(
            amount: Amount(units: (missing.units + 99) / 100 * 100), salt: DepositLeave.salt(salt),
            validBefore: UInt64(clamping: ledger.now.advanced(bySeconds: Self.validity).unixSeconds))
        let effects: [VoucherPayer.Effect]
        do throws(VoucherPayer.Refusal) {
            effects = try payer.apply(.requestStarted(price: price, deposit: leave, at: ledger.now))
            events["started", default: 0] += 1
        } catch {
            guard case .depositOutstanding = error else { throw error }
            events["depositOutstanding", default: 0] += 1
            return try look(ledger.snapshot)
        }
        var voucher: Voucher?
        var authorized: SignedDeposit?
        for effect in effects {
            switch effect {
            case .sign(let ceiling):
                voucher = try hand.voucher(ceiling)
                signed = max(signed, ceiling.units)
            case .authorizeDeposit(let leave):
                note(leave)
                authorized = try hand.deposit(leave)
            }
        }
        message = voucher.map { Shop.Message(price: price, voucher: $0, deposit: authorized) }
        isUnclear = false
        return "start \(price), deposit \(authorized?.amount ?? .zero)"
    }

    /// Never two deposits where one was meant.
    private mutating func note(_ leave: DepositLeave) {
        guard !leaves.contains(leave) else {
            events["deposit signed again", default: 0] += 1
            return
        }
        let now = UInt64(clamping: ledger.now.unixSeconds)
        let open = leaves.filter { now < $0.validBefore && !ledger.isLocked($0.salt) }
        if !open.isEmpty { faults.append("\(leave.amount) was signed while \(open.map(\.amount)) could be locked") }
        if case .awaiting(let payment) = payer.phase, payment.ceiling.units <= ledger.balance {
            faults.append("\(leave.amount) was signed where \(ledger.balance) covers \(payment.ceiling)")
        }
        leaves.append(leave)
    }

    private mutating func lose(_ what: String) throws -> String {
        isUnclear = true
        guard chance(1, of: 2) else { return "\(what) gets lost" }
        try giveUp(.outcomeUnknown, as: "outcomeUnknown")
        return "\(what) gets lost, and the payer gives up"
    }

    private mutating func giveUp(_ event: VoucherPayer.Event, as name: String) throws {
        doubted += message?.price.units ?? 0
        try tell(event, as: name)
        message = nil
    }

    private mutating func look(_ snapshot: ChannelSnapshot) throws -> String {
        try tell(.observed(snapshot), as: "observed")
        return "looks at block \(snapshot.block.height) of \(ledger.snapshot.block.height)"
    }

    private mutating func hear(_ answer: Shop.Answer, to message: Shop.Message) throws -> String {
        switch answer {
        case .paid(let charged):
            try tell(.answered(charged: charged), as: "answered")
            heard += charged.units
            self.message = nil
        case .correction(let charged, let proof):
            try giveUp(correction(charged, proof), as: "corrected")
        case .refused(let code) where code.hasSuffix("channel_busy"):
            return "busy"
        case .refused:
            try giveUp(isUnclear ? .outcomeUnknown : .refused, as: isUnclear ? "outcomeUnknown" : "refused")
            if chance(1, of: 2) { _ = try look(ledger.snapshot) }
        }
        return "\(answer)"
    }

    /// With the settlement's word, or with nothing but the payee's.
    private mutating func correction(_ charged: Amount, _ proof: Voucher?) -> VoucherPayer.Event {
        let ledger = chance(1, of: 2) ? ledger.snapshot : nil
        return .corrected(
            charged: charged, balance: ledger == nil ? shop.channel.ledger.balance : nil, proof: proof, ledger: ledger)
    }

    /// Whoever lost the books waits until what was signed before is void, and what was sent before has arrived.
    private mutating func loseBooks() -> String {
        ledger.pass(seconds: Self.validity)
        wandering = []
        payer = VoucherPayer(id: payer.id, terms: payer.terms, ledger: ledger.snapshot)
        events["books lost", default: 0] += 1
        return "the books are lost"
    }

    // MARK: - Refunds

    private mutating func refund() throws -> String {
        let half = Amount(units: payer.refundable.units / 2)
        let amount = chance(1, of: 3) && !half.isZero ? half : nil
        guard let effects = try? payer.apply(.refundStarted(amount)) else { return "nothing to refund" }
        events["refundStarted", default: 0] += 1
        guard case .sign(let ceiling)? = effects.first else { return "nothing signed" }
        if ceiling > payer.charged { faults.append("signed \(ceiling) for a refund, charged \(payer.charged)") }
        let voucher = try hand.voucher(ceiling)
        let before = ledger.balance
        do throws(VoucherChannel.Refusal) {
            try shop.apply(.refundAsked(shop.draw(), voucher, amount: amount))
        } catch {
            if error.callsForCorrection {
                try tell(correction(shop.channel.charged, shop.channel.best), as: "corrected refund")
            } else {
                try tell(.refundFailed, as: "refundFailed")
            }
            return "refund refused: \(error.code)"
        }
        guard try shop.catchUp(on: &ledger, using: &random), !chance(1, of: 4) else {
            try tell(.outcomeUnknown, as: "refund unknown")
            return "the refund's answer gets lost"
        }
        let back = Amount(units: before - ledger.balance)
        try tell(back.isZero ? .refundFailed : .refunded(back), as: back.isZero ? "refundFailed" : "refunded")
        return "refund \(back)"
    }

    private mutating func chance(_ part: Int, of whole: Int) -> Bool {
        Int.random(in: 0..<whole, using: &random) < part
    }

    // MARK: - The end

    /// The network heals: all that is open is brought to its end, and what is left goes back.
    mutating func finish() throws {
        while !shop.outbox.isEmpty { try shop.runEffect(on: &ledger, crash: .never) }
        for request in shop.inFlight { try? shop.release(request.id) }
        if message != nil { try giveUp(.outcomeUnknown, as: "outcomeUnknown") }
        ledger.pass(seconds: Self.validity + 1)
        _ = try look(ledger.snapshot)
        if payer.charged != shop.channel.charged {
            // One question is enough: the payee answers it with its books.
            if !payer.refundable.isZero { try tell(.refundStarted(nil), as: "refundStarted") } else { _ = try start() }
            try tell(
                .corrected(
                    charged: shop.channel.charged, balance: nil, proof: shop.channel.best, ledger: ledger.snapshot),
                as: "corrected at the end")
        }
        if !shop.channel.refundable.isZero {
            let before = ledger.balance
            // What the payee failed to deliver comes back, too, where the payer thought that nothing was left.
            if !payer.refundable.isZero { try tell(.refundStarted(nil), as: "refundStarted") }
            try shop.apply(.refundAsked(shop.draw(), try hand.voucher(payer.charged), amount: nil))
            while !shop.outbox.isEmpty { try shop.runEffect(on: &ledger, crash: .never) }
            try tell(.refunded(Amount(units: before - ledger.balance)), as: "refunded")
        }
        shop.claim(on: &ledger)
        ledger.settle()
    }
}
