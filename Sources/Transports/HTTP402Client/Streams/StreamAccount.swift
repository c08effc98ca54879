// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingX402

/// What a payer knows of a metered stream, and whether it pays for more: a value that is told what happens.
///
/// It never has more at stake than its plan says: what was signed for is held against what came, by its own count of bytes
/// or by its own clock. So a server that says too early that a stretch is used up gets no more.
struct StreamAccount: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        case pay
        /// Nothing is to be done until something happens.
        case wait
        /// Perhaps after so much time.
        case lookAgain(Duration)
        /// No more is paid, and nothing is under way.
        case end
    }

    let offer: StreamOffer
    let plan: StreamPlan
    /// How many payments are under way.
    private(set) var underWay = 0
    private(set) var charged = Amount.zero
    /// How many payments were charged something.
    private(set) var payments = 0
    /// How many were sent.
    private(set) var sent = 0
    private(set) var doubts = 0
    /// Bytes of the body that came.
    private(set) var received: UInt64 = 0
    /// Why no more is paid, if it is not only that all is paid for.
    private(set) var isClosed = false
    private var elapsed = Duration.zero
    private var countedTo = Duration.zero
    /// Not before then, because the last payment was not used.
    private var notBefore = Duration.zero

    init(_ offer: StreamOffer, _ plan: StreamPlan) {
        self.offer = offer
        self.plan = plan
    }

    private var price: Amount { offer.tariff.price }

    /// A payment is sent.
    mutating func began(at now: Duration) {
        pass(to: now)
        underWay += 1
        sent += 1
    }

    /// A payment was answered.
    ///
    /// - Parameter amount: What it was charged; `nil` when nobody knows.
    mutating func ended(_ amount: Amount?, at now: Duration) {
        pass(to: now)
        underWay -= 1
        guard let amount else {
            doubts += 1
            return
        }
        charged = charged.adding(amount) ?? .max
        if amount.isZero { notBefore = now + .seconds(1) } else { payments += 1 }
    }

    /// A payment was not signed, or not taken.
    mutating func failed(at now: Duration) {
        pass(to: now)
        underWay -= 1
        sent -= 1
    }

    mutating func came(_ bytes: Int) { received += UInt64(bytes) }

    mutating func close() { isClosed = true }

    /// What is to be done now.
    mutating func next(at now: Duration) -> Step {
        pass(to: now)
        guard !isClosed, sent < plan.payments ?? .max, isWithinMost else { return underWay == 0 ? .end : .wait }
        guard underWay < min(plan.ahead, offer.pieces) else { return .wait }
        guard now >= notBefore else { return .lookAgain(notBefore - now) }
        if isEarned { return .pay }
        return offer.tariff.unit == .second ? .lookAgain(.milliseconds(50)) : .wait
    }

    private var isWithinMost: Bool {
        guard let most = plan.most else { return true }
        return committed.adding(price).map { $0 <= most } ?? false
    }

    /// What was charged, and what is under way.
    private var committed: Amount {
        price.multiplied(by: UInt128(underWay + doubts)).flatMap { charged.adding($0) } ?? .max
    }

    /// Whether one more payment keeps what is at stake within the plan: the price of as many stretches as go ahead, and
    /// half of one, since two clocks and two connections are never quite together.
    private var isEarned: Bool {
        guard let stake = price.multiplied(by: UInt128(plan.ahead)), let bound = stake.adding(worth) else {
            return true
        }
        let half = Amount(units: price.units / 2)
        return committed.adding(half).map { $0 <= bound } ?? false
    }

    /// What has come is worth so much.
    private var worth: Amount {
        let quanta = offer.tariff.unit == .second ? elapsed.wholeNanoseconds : received
        let (whole, part) = quanta.quotientAndRemainder(dividingBy: offer.tariff.quanta)
        return price.multiplied(by: UInt128(whole)).flatMap { $0.adding(offer.tariff.charge(for: part)) } ?? .max
    }

    /// Time counts while something is paid for; before and between the stream does not run.
    private mutating func pass(to now: Duration) {
        if underWay > 0, now > countedTo { elapsed += now - countedTo }
        countedTo = max(countedTo, now)
    }
}

extension Duration {
    fileprivate var wholeNanoseconds: UInt64 {
        UInt64(clamping: components.seconds) &* 1_000_000_000 &+ UInt64(components.attoseconds / 1_000_000_000)
    }
}
