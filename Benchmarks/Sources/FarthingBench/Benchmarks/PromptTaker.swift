// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingHTTP402
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
    /// What is done one after the other, while other lanes do theirs: the JSON texts of payments.
    private let lanes: [[[UInt8]]]

    var count: Int { lanes.reduce(0) { $0 + $1.count } }

    init(_ payee: Payee, headers: [[String]], loop: any EventLoop) throws {
        guard let offer = payee.desk.offers(for: Wallet.price).first else {
            throw WrongResult("The desk offers nothing.")
        }
        self.payee = payee
        self.offer = offer
        self.loop = loop
        lanes = try headers.map { try $0.map { try PaymentPayload.bytes(ofHeader: $0) } }
        if let first = lanes.first?.first { familiar.learn(first) }
    }

    func takeAll() async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            let run = Run(self, lanes: lanes.count, done)
            loop.execute { for lane in self.lanes.indices { run.next(lane, 0) } }
        }
    }

    private final class Run: Sendable {
        private let taker: PromptTaker
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
                if left.withLock({ left in
                    left -= 1
                    return left == 0
                }) { done.resume() }
                return
            }
            guard
                let payment = taker.payee.desk.check(
                    taker.lanes[lane][index], familiar: taker.familiar, for: taker.offer)
            else { return slow(lane, index) }
            payment.charge(Wallet.price) { outcome in
                guard case .charged = outcome else { fatalError("\(outcome)") }
                self.post(lane, index)
            }
        }

        /// The first payment of a channel.
        private func slow(_ lane: Int, _ index: Int) {
            Task {
                let payment = try PaymentPayload(bytes: taker.lanes[lane][index])
                guard case .admitted(let admitted) = try await taker.payee.desk.admit(payment, for: taker.offer),
                    try await admitted.charge(Wallet.price).success
                else { fatalError("A payment was not taken.") }
                post(lane, index)
            }
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
