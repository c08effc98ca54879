// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingHTTP402
import FarthingVoucherScheme
import FarthingX402
import NIOCore
import NIOPosix
import Synchronization

/// Takes payments the way a server's event loop does: many under way on one thread, and no task for any of them.
final class PromptTaker: Sendable {
    private let payee: Payee
    private let offer: PaymentRequirements
    private let familiar = FamiliarTexts()
    private let loop: any EventLoop
    /// What is done one after the other, while other lanes do theirs.
    private let lanes: [[Payment]]

    private struct Payment: Sendable {
        let text: [UInt8]
        /// Read beforehand, when that is no part of what is measured.
        let voucher: PlainVoucher?
    }

    var count: Int { lanes.reduce(0) { $0 + $1.count } }

    /// - Parameter each: How many payments of each lane are taken; all are read, so that this costs the same.
    init(_ payee: Payee, headers: [[String]], each: Int = .max, areRead: Bool, loop: any EventLoop) throws {
        guard let offer = payee.desk.offers(for: Wallet.price).first else {
            throw WrongResult("The desk offers nothing.")
        }
        self.payee = payee
        self.offer = offer
        self.loop = loop
        let texts = try headers.map { try $0.map { try PaymentPayload.bytes(ofHeader: $0) } }
        if let first = texts.first?.first { familiar.learn(first) }
        let all: [[Payment]] = texts.map { [familiar] texts in
            texts.map { text in
                let voucher =
                    areRead
                    ? PaymentScan.read(text.span, familiar: familiar, payload: { PlainVoucher(&$0, in: $1) })?.payload
                    : nil
                return Payment(text: text, voucher: voucher)
            }
        }
        lanes = all.map { Array($0.prefix(each)) }
    }

    func takeAll() async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            let run = Run(self, lanes: lanes.count, done)
            loop.execute { for lane in self.lanes.indices { run.next(lane, 0) } }
        }
    }

    private func check(_ payment: Payment) -> (any CheckedPayment)? {
        guard let voucher = payment.voucher else {
            return payee.desk.check(payment.text, familiar: familiar, for: offer)
        }
        return payee.desk.check(voucher, price: offer.amount, payerText: payment.text[voucher.payerText])
    }

    private final class Run: Sendable {
        private let taker: PromptTaker
        /// How many lanes are not at their end; far below 0 once one has failed.
        private let left: Mutex<Int>
        private let done: CheckedContinuation<Void, any Error>
        private let answered = Mutex<[(lane: Int, index: Int)]>([])

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
                guard case .charged = outcome else {
                    return self.fail(WrongResult("A payment was not charged: \(outcome)"))
                }
                self.post(lane, index)
            }
        }

        /// The first payment of a channel.
        private func slow(_ lane: Int, _ index: Int) {
            Task {
                do {
                    let payment = try PaymentPayload(bytes: taker.lanes[lane][index].text)
                    guard case .admitted(let admitted) = try await taker.payee.desk.admit(payment, for: taker.offer),
                        try await admitted.charge(Wallet.price).success
                    else { throw WrongResult("A payment was not taken.") }
                    post(lane, index)
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
        private func post(_ lane: Int, _ index: Int) {
            let isFirst = answered.withLock { answered in
                answered.append((lane, index))
                return answered.count == 1
            }
            guard isFirst else { return }
            taker.loop.execute { [self] in
                let answered = answered.withLock { answered in
                    defer { answered = [] }
                    return answered
                }
                for (lane, index) in answered { next(lane, index + 1) }
            }
        }
    }
}
