// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Where the chain stands: what a contract can ask for about time.
public struct ChainHeights: Hashable, Sendable {
    /// The height of the Bitcoin block.
    public var burn: UInt64
    /// The height of the Stacks block; many are made in a tenure.
    public var stacks: UInt64
    /// The number of the tenure.
    public var tenure: UInt64
    /// The time of the Stacks block in seconds since 1970, or `nil` where the epoch has none.
    public var time: UInt64?

    public init(burn: UInt64, stacks: UInt64, tenure: UInt64, time: UInt64? = nil) {
        self.burn = burn
        self.stacks = stacks
        self.tenure = tenure
        self.time = time
    }
}
