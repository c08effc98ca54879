// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPeerPayments
import HTTPTypes
import Synchronization

/// Answers by what is asked for: `/echo`, `/back`, `/stream`, `/endless`, `/silent`, `/broken`, `/hang`, `/slow`.
final class TestResponder: PeerResponder {
    let taken = Mutex(0)
    let answered = Mutex(0)
    let written = Mutex(0)
    let hanging = Crowd()
    /// Payments that are charged until ``release()``.
    let held = Crowd()
    private let holding = Mutex<[@Sendable () -> Void]?>([])
    let receiptName = HTTPField.Name.paymentResponse

    struct Broken: Error {}

    func respond(to request: PeerRequest) async -> PeerResponse {
        answered.withLock { $0 += 1 }
        switch request.target {
        case "/back": return PeerResponse(status: 200, body: .whole(request.body))
        case "/declined", "/not-taken": return PeerResponse(status: 402)
        case "/broken":
            return PeerResponse(
                status: 200,
                body: .streamed { write in
                    try await write([1, 2, 3])
                    throw Broken()
                })
        case "/stream": return streamed(parts: 500)
        case "/endless": return streamed(parts: .max)
        case "/silent":
            return PeerResponse(
                status: 200,
                body: .streamed { [hanging] write in
                    try await write([1])
                    await hanging.enter { try? await Task.sleep(for: .seconds(600)) }
                })
        case "/hang", "/declined-hang":
            await hanging.enter { try? await Task.sleep(for: .seconds(600)) }
            return PeerResponse(status: 200)
        case "/slow":
            await hanging.enter { try? await Task.sleep(for: .milliseconds(50)) }
            return PeerResponse(status: 200)
        default:
            return PeerResponse(status: 200, headers: request.headers, body: .whole(Array(request.target.utf8)))
        }
    }

    private func streamed(parts: Int) -> PeerResponse {
        PeerResponse(
            status: 200,
            body: .streamed { [self] write in
                for _ in 0..<parts {
                    try await write([UInt8](repeating: 1, count: 10_000))
                    written.withLock { $0 += 10_000 }
                }
            })
    }

    /// Answers what is charged, and from now on at once.
    func release() {
        let answers = holding.withLock { holding in
            defer { holding = nil }
            return holding ?? []
        }
        for answer in answers { answer() }
    }

    func take(_ payments: [PeerPayment], answer: @escaping @Sendable (Int, PromptOutcome) -> Void) {
        for (place, request) in payments.map(\.request).enumerated() {
            switch request.target {
            case "/not-taken", "/declined-hang", "/declined-paid": answer(place, .declined)
            case "/held":
                let isHeld = holding.withLock { holding in
                    holding?.append { answer(place, .paid(receipt: "", contentType: "", body: [])) }
                    return holding != nil
                }
                if isHeld { held.move(1) } else { answer(place, .paid(receipt: "", contentType: "", body: [])) }
            case "/declined": Task { answer(place, .declined) }
            default:
                taken.withLock { $0 += 1 }
                let number = request.payment.count > 1000 ? request.payment[1000] : 0
                answer(place, .paid(receipt: "receipt \(number)", contentType: "text/plain", body: [1]))
            }
        }
    }
}

extension HTTPField.Name {
    static let paymentResponse = HTTPField.Name("PAYMENT-RESPONSE") ?? .age
}

/// Counts who is inside.
final class Crowd: Sendable {
    private struct State {
        var count = 0
        var come = 0
        var waiting: [(fits: @Sendable (State) -> Bool, turn: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    func enter(_ body: () async -> Void) async {
        move(1)
        await body()
        move(-1)
    }

    func waitForOne() async { await wait { $0.count >= 1 } }
    func waitForNone() async { await wait { $0.count == 0 } }
    func wait(for count: Int) async { await wait { $0.count >= count } }
    /// Until somebody has come, who may have left since.
    func waitForVisitor() async { await wait { $0.come >= 1 } }

    private func wait(_ fits: @escaping @Sendable (State) -> Bool) async {
        await withCheckedContinuation { turn in
            let isSo = state.withLock { state in
                if fits(state) { return true }
                state.waiting.append((fits, turn))
                return false
            }
            if isSo { turn.resume() }
        }
    }

    func move(_ by: Int) {
        let turns = state.withLock { state in
            state.count += by
            if by > 0 { state.come += by }
            let now = state
            state.waiting.removeAll { $0.fits(now) }
            let ready = now.waiting.filter { $0.fits(now) }.map(\.turn)
            return ready
        }
        for turn in turns { turn.resume() }
    }
}
