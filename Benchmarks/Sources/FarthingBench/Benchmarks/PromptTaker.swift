// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingHTTP402
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import NIOCore
import Synchronization

/// Takes payments the way a server's event loop does: many under way on one thread, and no task for any of them.
final class PromptTaker<Read: Sendable>: Sendable {
    struct Payment: Sendable {
        /// The JSON text; may be empty when the payment is read already and its channel known.
        let text: [UInt8]
        /// Read beforehand, when that is no part of what is measured.
        let read: Read?
    }

    private let desk: any PaymentDesk
    private let offer: PaymentRequirements
    private let familiar: FamiliarTexts
    private let writesReceipts: Bool
    private let loop: any EventLoop
    private let checkRead: @Sendable (Read, _ text: [UInt8]) -> (any CheckedPayment)?
    /// What is done one after the other, while other lanes do theirs.
    private let lanes: [[Payment]]

    var count: Int { lanes.reduce(0) { $0 + $1.count } }

    /// - Parameters:
    ///   - familiar: What is known of such payments; `nil` learns from the first.
    ///   - writesReceipts: Whether the header of each answer is written too.
    ///   - checkRead: What the desk makes of a payment that is read already.
    init(
        desk: any PaymentDesk, lanes: [[Payment]], familiar: FamiliarTexts? = nil, writesReceipts: Bool = false,
        loop: any EventLoop, checkRead: @escaping @Sendable (Read, _ text: [UInt8]) -> (any CheckedPayment)?
    ) throws {
        guard let offer = desk.offers(for: Wallet.price).first else { throw WrongResult("The desk offers nothing.") }
        self.desk = desk
        self.offer = offer
        self.writesReceipts = writesReceipts
        self.loop = loop
        self.checkRead = checkRead
        self.lanes = lanes
        self.familiar = familiar ?? FamiliarTexts()
        if familiar == nil, let first = lanes.first?.first?.text { self.familiar.learn(first) }
    }

    func takeAll() async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            let run = Run(self, lanes: lanes.count, done)
            loop.execute { for lane in self.lanes.indices { run.next(lane, 0) } }
        }
    }

    private func check(_ payment: Payment) -> (any CheckedPayment)? {
        guard let read = payment.read else { return desk.check(payment.text, familiar: familiar, for: offer) }
        return checkRead(read, payment.text)
    }

    private final class Run: Sendable {
        private struct Answer: Sendable {
            let lane: Int
            let index: Int
            let receipt: (@Sendable () -> String)?
        }

        private let taker: PromptTaker
        /// How many lanes are not at their end; far below 0 once one has failed.
        private let left: Mutex<Int>
        private let done: CheckedContinuation<Void, any Error>
        private let answered = Mutex<[Answer]>([])

        init(_ taker: PromptTaker, lanes: Int, _ done: CheckedContinuation<Void, any Error>) {
            self.taker = taker
            left = Mutex(lanes)
            self.done = done
        }

        func next(_ lane: Int, _ index: Int) {
            guard index < taker.lanes[lane].count else {
                let isLast = left.withLock { left in
                    left -= 1
                    return left == 0
                }
                return isLast ? done.resume() : ()
            }
            guard let payment = taker.check(taker.lanes[lane][index]) else { return slow(lane, index) }
            payment.charge(Wallet.price) { outcome in
                guard case .charged(let receipt) = outcome else {
                    return self.fail(WrongResult("A payment was not charged: \(outcome)"))
                }
                self.post(Answer(lane: lane, index: index, receipt: self.taker.writesReceipts ? receipt : nil))
            }
        }

        /// The first payment of a channel, and those that a desk takes no other way.
        private func slow(_ lane: Int, _ index: Int) {
            Task {
                do {
                    let payment = try PaymentPayload(bytes: taker.lanes[lane][index].text)
                    guard case .admitted(let admitted) = try await taker.desk.admit(payment, for: taker.offer) else {
                        throw WrongResult("A payment was not taken.")
                    }
                    let settled = try await admitted.charge(Wallet.price)
                    guard settled.success else { throw WrongResult("A payment was not charged.") }
                    let receipt: @Sendable () -> String = { settled.header }
                    post(Answer(lane: lane, index: index, receipt: taker.writesReceipts ? receipt : nil))
                } catch {
                    fail(error)
                }
            }
        }

        private func fail(_ error: any Error) {
            let isFirst = left.withLock { left in
                defer { left = Int.min / 2 }
                return left > 0
            }
            if isFirst { done.resume(throwing: error) }
        }

        /// Answers go back to the loop many at a time, as a server's do.
        private func post(_ answer: Answer) {
            let isFirst = answered.withLock { answered in
                answered.append(answer)
                return answered.count == 1
            }
            guard isFirst else { return }
            taker.loop.execute { [self] in
                let answered = answered.withLock { answered in
                    defer { answered = [] }
                    return answered
                }
                for answer in answered {
                    if let receipt = answer.receipt, receipt().isEmpty { fail(WrongResult("A receipt is empty.")) }
                    next(answer.lane, answer.index + 1)
                }
            }
        }
    }
}

extension PromptTaker<PlainVoucher> {
    /// - Parameter each: How many payments of each lane are taken; all are read, so that this costs the same.
    convenience init(
        _ payee: Payee, headers: [[String]], each: Int = .max, areRead: Bool, loop: any EventLoop
    ) throws {
        let texts = try headers.map { try $0.map { try PaymentPayload.bytes(ofHeader: $0) } }
        let familiar = FamiliarTexts()
        if let first = texts.first?.first { familiar.learn(first) }
        let all: [[Payment]] = texts.map { texts in
            texts.map { text in
                let voucher =
                    areRead
                    ? PaymentScan.read(text.span, familiar: familiar, payload: { PlainVoucher(&$0, in: $1) })?.payload
                    : nil
                return Payment(text: text, read: voucher)
            }
        }
        try self.init(
            desk: payee.desk, lanes: all.map { Array($0.prefix(each)) }, familiar: familiar, loop: loop
        ) { [desk = payee.desk] voucher, text in
            desk.check(voucher, price: Wallet.price, payerText: text[voucher.payerText])
        }
    }
}
