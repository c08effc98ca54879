// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// An account as a node tells of it.
public struct SimnetAccount: Hashable, Sendable {
    /// Its STX.
    public let stx: STXAccount
    /// The number of transactions that it made.
    public let nonce: UInt64
}
