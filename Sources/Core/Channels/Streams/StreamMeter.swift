// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Says how much of a metered stream may be delivered, and what each payment for it comes to.
///
///     paused ──paid──▶ flowing ──what was paid for is used up──▶ paused ──nobody pays──▶ ended
///
/// Each payment buys a *piece*, a stretch that is used up in the order in which payments came. It is charged when it
/// ends, for what was delivered of it and no more. So what is charged is never more than what was delivered, and what is
/// delivered never more than what was paid for.
///
/// Like a scheme it is a value that reads no clock and sends nothing: it is told what happened and when, and answers
/// what is to be done.
public struct StreamMeter: Hashable, Sendable {
    public struct PieceID: Hashable, Sendable {
        public let number: UInt64
        public init(_ number: UInt64) { self.number = number }
    }

    /// What a stream may take up.
    public struct Limits: Hashable, Sendable {
        /// How many pieces may be there at once, the one in use among them.
        public var pieces: Int
        /// How long a stream waits for a payment.
        public var pause: Duration
        /// How long a stream lasts at the most.
        public var longest: Duration

        public init(pieces: Int = 16, pause: Duration = .seconds(20), longest: Duration = .seconds(3600)) {
            self.pieces = max(pieces, 1)
            self.pause = max(pause, .zero)
            self.longest = max(longest, .zero)
        }
    }

    public enum Event: Hashable, Sendable {
        /// A payment was set aside for the stream; it can be charged until then.
        case paid(PieceID, until: Duration)
        /// The body has so many bytes for the connection.
        ///
        /// `isWhole` is for what should not be cut: if it fits a stretch, it waits until all of it is paid for.
        case offered(UInt64, isWhole: Bool)
        /// So many bytes of those that were let through are out.
        case delivered(UInt64)
        case timePassed
        case ended(End)
    }

    public enum Action: Hashable, Sendable {
        /// The next of what was offered may go out.
        case deliver(UInt64)
        /// A piece has ended, and comes to so much.
        case charge(PieceID, Amount)
        /// Nothing that is paid for is left.
        case pause
        case resume
    }

    /// Why a stream is over.
    public enum End: String, Hashable, Sendable, CaseIterable {
        /// The body came to its end.
        case finished
        /// It was paused for too long.
        case unpaid
        /// It lasted as long as a stream may.
        case tooLong = "too-long"
        case clientGone = "client-gone"
        /// Whoever makes the body broke off.
        case upstreamFailed = "upstream-failed"
        /// The server stops.
        case stopped
        /// A payment could not be charged after all.
        case paymentFailed = "payment-failed"
    }

    public enum Phase: Hashable, Sendable {
        case flowing
        case paused(since: Duration)
        case ended(End)
    }

    public enum Refusal: Error, Hashable, Sendable {
        case ended
        /// So many pieces are there already.
        case tooFarAhead(pieces: Int)
        /// The piece is there already.
        case knownPiece
        /// More is said to be out than was let through.
        case notLetThrough(UInt64)
    }

    private struct Piece: Hashable {
        let id: PieceID
        let until: Duration
        var left: UInt64
    }

    public let tariff: StreamTariff
    public let limits: Limits
    public private(set) var phase = Phase.paused(since: .zero)
    /// What was delivered and belongs to a piece, in the tariff's quanta.
    public private(set) var used: UInt64 = 0
    /// What all pieces that have ended came to.
    public private(set) var charged = Amount.zero
    private var pieces: [Piece] = []
    /// What may go out and is not out yet, in bytes.
    private var letThrough: UInt64 = 0
    /// Up to when time was counted.
    private var countedTo = Duration.zero

    /// A stream that begins now, at time zero, and waits for its first payment.
    public init(_ tariff: StreamTariff, limits: Limits) {
        self.tariff = tariff
        self.limits = limits
    }

    public var end: End? { if case .ended(let end) = phase { end } else { nil } }
    public var isFlowing: Bool { phase == .flowing }

    /// When ``Event/timePassed`` changes something next; `nil` once it is over.
    public var wakesAt: Duration? {
        var next = limits.longest
        switch phase {
        case .ended: return nil
        case .paused(let since): next = min(next, since + limits.pause)
        case .flowing:
            if tariff.unit == .second { next = min(next, countedTo + .nanoseconds(Int64(clamping: left))) }
        }
        return pieces.reduce(next) { min($0, $1.until) }
    }

    /// What is paid for and not used, in the tariff's quanta.
    public var left: UInt64 { pieces.reduce(0) { $0 &+ $1.left } }

    /// - Parameter now: Since the stream began; it never goes back.
    public mutating func apply(_ event: Event, at now: Duration) throws(Refusal) -> [Action] {
        if case .ended = phase {
            if case .paid = event { throw .ended }
            return []
        }
        switch event {
        case .paid(let id, let until):
            guard pieces.count < limits.pieces else { throw .tooFarAhead(pieces: pieces.count) }
            guard !pieces.contains(where: { $0.id == id }) else { throw .knownPiece }
            let actions = pass(to: now)
            // It came in the moment in which the stream ended: nothing of it is used.
            guard end == nil else { return actions + [.charge(id, .zero)] }
            pieces.append(Piece(id: id, until: until, left: tariff.quanta))
            guard !isFlowing else { return actions }
            phase = .flowing
            countedTo = now
            return actions + [.resume]
        case .offered(let bytes, let isWhole):
            return pass(to: now) + offer(bytes, isWhole: isWhole, at: now)
        case .delivered(let bytes):
            guard bytes <= letThrough else { throw .notLetThrough(bytes) }
            letThrough -= bytes
            let charges = tariff.unit == .kibibyte ? use(bytes) : []
            return charges + pass(to: now)
        case .timePassed:
            return pass(to: now)
        case .ended(let end):
            return pass(to: now) + finish(end)
        }
    }

    // MARK: - Rules

    private mutating func offer(_ bytes: UInt64, isWhole: Bool, at now: Duration) -> [Action] {
        guard isFlowing, bytes > 0, letThrough == 0 else { return [] }
        var share = bytes
        if tariff.unit == .kibibyte {
            if isWhole, bytes > left, bytes <= tariff.quanta {
                // The rest is too little for it and is given back: whoever pays for one piece at a time could never
                // pay for the next while this one is not at its end.
                return endAllPieces(at: now)
            }
            share = min(bytes, left)
        }
        letThrough = share
        return [.deliver(share)]
    }

    /// Counts time, and ends what has come to its end.
    private mutating func pass(to now: Duration) -> [Action] {
        guard end == nil else { return [] }
        var actions: [Action] = []
        if isFlowing, tariff.unit == .second, now > countedTo {
            actions += use(UInt64(clamping: (now - countedTo).nanoseconds))
        }
        countedTo = max(countedTo, now)
        // What is on its way out belongs to a piece that can still be charged.
        if letThrough == 0 {
            for piece in pieces where now >= piece.until {
                actions.append(close(piece))
            }
            pieces.removeAll { now >= $0.until }
        }
        if now >= limits.longest { return actions + finish(.tooLong) }
        switch phase {
        case .flowing where pieces.isEmpty && letThrough == 0:
            phase = .paused(since: now)
            actions.append(.pause)
        case .paused(let since) where now >= since + limits.pause: actions += finish(.unpaid)
        case .flowing, .paused, .ended: break
        }
        return actions
    }

    /// Takes quanta out of the pieces, the oldest first; what no piece is left for is not charged.
    private mutating func use(_ quanta: UInt64) -> [Action] {
        var actions: [Action] = []
        var rest = quanta
        while rest > 0, !pieces.isEmpty {
            let share = min(rest, pieces[0].left)
            pieces[0].left -= share
            used += share
            rest -= share
            if pieces[0].left == 0 { actions.append(close(pieces.removeFirst())) }
        }
        return actions
    }

    private mutating func close(_ piece: Piece) -> Action {
        let amount = tariff.charge(for: tariff.quanta - piece.left)
        charged = charged.adding(amount) ?? .max
        return .charge(piece.id, amount)
    }

    private mutating func endAllPieces(at now: Duration) -> [Action] {
        let actions = pieces.map { close($0) }
        pieces = []
        phase = .paused(since: now)
        return actions + [.pause]
    }

    private mutating func finish(_ end: End) -> [Action] {
        guard self.end == nil else { return [] }
        let actions = pieces.map { close($0) }
        pieces = []
        letThrough = 0
        phase = .ended(end)
        return actions
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product &+ attoseconds / 1_000_000_000
    }
}
