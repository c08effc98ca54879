// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// How many metered streams a gate has open, and what one may take up.
public struct StreamSettings: Sendable {
    public var limits: StreamMeter.Limits
    /// How many may be open at once.
    public var open: Int
    /// How many of them one payer may have.
    public var openPerPayer: Int
    public var clock: StreamClock

    public init(
        limits: StreamMeter.Limits = .init(), open: Int = 1024, openPerPayer: Int = 64,
        clock: StreamClock = .machine
    ) {
        self.limits = limits
        self.open = max(open, 0)
        self.openPerPayer = max(openPerPayer, 1)
        self.clock = clock
    }
}

/// The time by which streams are metered.
public struct StreamClock: Sendable {
    /// It never goes back; where it begins does not matter.
    public let now: @Sendable () -> Duration
    /// Returns at this time, at once when it is past.
    public let sleepUntil: @Sendable (Duration) async throws -> Void

    public init(
        now: @escaping @Sendable () -> Duration, sleepUntil: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleepUntil = sleepUntil
    }

    public static let machine: StreamClock = {
        let start = ContinuousClock.now
        return StreamClock(
            now: { ContinuousClock.now - start }, sleepUntil: { try await Task.sleep(until: start + $0) })
    }()
}
