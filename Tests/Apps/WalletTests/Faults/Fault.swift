// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// What a network does to one request and its answer.
enum Fault: Hashable, Sendable {
    case none
    /// The connection ends before anything is read.
    case hangUp
    /// Only this share of the request's bytes gets through.
    case cutRequest(Double)
    /// The whole request gets through, and this share of the answer's bytes.
    case cutAnswer(Double)
    /// The request takes longer; perhaps longer than anybody waits.
    case lateRequest(Duration)
    case lateAnswer(Duration)
    /// The request gets through twice.
    case twice(Copies)
    /// The request gets through after a later one.
    case overtaken

    /// How two copies of a request follow each other, and whose answer comes back.
    struct Copies: Hashable, Sendable {
        let areSideBySide: Bool
        let answersWithSecond: Bool
    }

    /// Draws a fault; a good half of all exchanges have none.
    static func draw(using generator: inout SeededGenerator, patience: Duration) -> Fault {
        func duration() -> Duration {
            // Mostly tens of milliseconds, now and then longer than the client waits.
            Int.random(in: 0..<4, using: &generator) == 0
                ? patience + .milliseconds(60) : .milliseconds(Int.random(in: 5...40, using: &generator))
        }
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<9: return .none
        case 9: return .hangUp
        case 10, 11: return .cutRequest(.random(in: 0...1, using: &generator))
        case 12...14: return .cutAnswer(.random(in: 0..<1, using: &generator))
        case 15: return .lateRequest(duration())
        case 16: return .lateAnswer(duration())
        case 17, 18:
            return .twice(
                Copies(
                    areSideBySide: .random(using: &generator), answersWithSecond: .random(using: &generator)))
        default: return .overtaken
        }
    }
}
