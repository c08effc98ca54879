// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives
internal import Synchronization

/// Adds up what transactions cost the account that sends them, while an order is carried out for somebody else.
///
/// A settlement adds to the meter of the task that it works in; where there is none, nobody counts.
public final class CoinMeter: Sendable {
    @TaskLocal public static var current: CoinMeter?

    private let sum = Mutex(Amount.zero)

    public init() {}

    /// - Parameter amount: In the smallest unit of the chain's coin: wei.
    public func add(_ amount: Amount) { sum.withLock { $0 = $0.adding(amount) ?? .max } }

    /// What was spent so far.
    ///
    /// - Unit: wei.
    public var spent: Amount { sum.withLock { $0 } }
}
