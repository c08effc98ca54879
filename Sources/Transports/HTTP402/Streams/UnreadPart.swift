// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// The part of a metered stream that is on its way out, for as long as its client does not take it.
///
/// A write ends when the client reads, which may be never, and nothing else of the stream happens meanwhile. A payment
/// can be charged only for a time, so the first that is about to lapse ends the stream beside the write.
final class UnreadPart: Sendable {
    private struct Part {
        var meter: StreamMeter
        let count: UInt64
        let lapsesAt: Duration
    }

    private struct State {
        var part: Part?
        var ended: StreamMeter?
        /// When somebody looks next.
        var watchedAt: Duration?
    }

    private let state = Mutex(State())

    /// A part is about to be written.
    ///
    /// - Parameters:
    ///   - meter: It has let the part through.
    ///   - lapsesAt: When the first of its pieces must be charged.
    /// - Returns: Whether nobody looks at that time yet.
    func begin(_ count: UInt64, of meter: StreamMeter, until lapsesAt: Duration) -> Bool {
        state.withLock { state in
            state.part = Part(meter: meter, count: count, lapsesAt: lapsesAt)
            if let watchedAt = state.watchedAt, watchedAt <= lapsesAt { return false }
            state.watchedAt = lapsesAt
            return true
        }
    }

    /// The part was written, or cannot be.
    ///
    /// - Returns: The meter, if the stream was ended meanwhile.
    func finish() -> StreamMeter? {
        state.withLock { state in
            state.part = nil
            return state.ended
        }
    }

    /// Time has passed.
    ///
    /// The part counts as delivered: the connection has it, and that the client leaves it there is the client's affair.
    ///
    /// - Returns: `nil` unless a part is on its way of which a piece lapses; then what follows from it.
    func lapse(at now: Duration) -> (meter: StreamMeter, actions: [StreamMeter.Action])? {
        state.withLock { state in
            guard state.ended == nil, var part = state.part, now >= part.lapsesAt else { return nil }
            var actions = (try? part.meter.apply(.delivered(part.count), at: now)) ?? []
            actions += (try? part.meter.apply(.ended(.clientGone), at: now)) ?? []
            state.ended = part.meter
            return (part.meter, actions)
        }
    }

    /// When to look again; `nil` while nothing is on its way.
    func nextLapse() -> Duration? {
        state.withLock { state in
            state.watchedAt = state.ended == nil ? state.part?.lapsesAt : nil
            return state.watchedAt
        }
    }
}
