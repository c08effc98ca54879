// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// For how long, how often and how much is asked of a facilitator.
public struct FacilitatorLimits: Hashable, Sendable {
    public var connectTimeout: Duration
    /// How long a question may take from its first byte to the last of the answer.
    public var readTimeout: Duration
    /// The same for an order, during which a transaction is sent and confirmed.
    ///
    /// - Source: the official clients wait 90 seconds.
    public var orderTimeout: Duration
    /// The longest answer that is read.
    ///
    /// - Unit: bytes.
    public var answerBytes: Int
    /// How often the same is asked when it is safe to ask again.
    public var attempts: Int
    /// How long to wait before the second attempt; each later one waits twice as long.
    public var backoff: Duration
    /// How often an order is sent again that the facilitator says is under way.
    public var pendingAttempts: Int
    public var pendingDelay: Duration
    /// How many questions are asked at once.
    public var concurrency: Int

    public init(
        connectTimeout: Duration = .seconds(5), readTimeout: Duration = .seconds(20),
        orderTimeout: Duration = .seconds(90), answerBytes: Int = 256 * 1024, attempts: Int = 3,
        backoff: Duration = .milliseconds(250), pendingAttempts: Int = 10, pendingDelay: Duration = .seconds(3),
        concurrency: Int = 8
    ) {
        self.connectTimeout = connectTimeout
        self.readTimeout = readTimeout
        self.orderTimeout = orderTimeout
        self.answerBytes = answerBytes
        self.attempts = max(attempts, 1)
        self.backoff = backoff
        self.pendingAttempts = max(pendingAttempts, 0)
        self.pendingDelay = pendingDelay
        self.concurrency = max(concurrency, 1)
    }

    /// How long to wait after an attempt failed.
    ///
    /// - Parameter attempt: Counts from 1.
    func backoff(after attempt: Int) -> Duration { backoff * (1 << min(attempt - 1, 6)) }
}
