// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The STX of an account or contract.
///
/// - Unit: micro-STX.
public struct STXAccount: Hashable, Sendable {
    /// What can be spent.
    public var unlocked: UInt128
    /// What is locked until ``unlockHeight``.
    public var locked: UInt128
    /// The burn block at which the locked part can be spent again; 0 when nothing is locked.
    public var unlockHeight: UInt64

    /// - Parameters:
    ///   - unlocked: What can be spent, in micro-STX.
    ///   - locked: What cannot be spent before `unlockHeight`, in micro-STX.
    ///   - unlockHeight: A burn block's height.
    public init(unlocked: UInt128 = 0, locked: UInt128 = 0, unlockHeight: UInt64 = 0) {
        self.unlocked = unlocked
        self.locked = locked
        self.unlockHeight = unlockHeight
    }

    /// The same account once the lock is over, if it is.
    func settled(atBurnHeight height: UInt64) -> STXAccount {
        guard locked > 0, height >= unlockHeight else { return self }
        // What is locked was once unlocked, so the two together fit.
        return STXAccount(unlocked: unlocked &+ locked)
    }
}
