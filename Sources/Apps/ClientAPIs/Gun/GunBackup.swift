// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingContracts

/// What relays show of a channel's backups.
public struct GunBackup: Hashable, Sendable {
    /// The newest state with both signatures; `nil` when there is none.
    public let newest: SignedTwoWayState?
    /// How many relays answered for both parties' backups.
    public let answered: Int
    /// How many relays were asked.
    public let relays: Int

    /// Whether every relay answered: one that did not may have something newer.
    public var isWhole: Bool { answered == relays }
}
