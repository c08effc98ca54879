// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How a benchmark is run.
struct Setting: Sendable {
    /// Where its files go; empty at first and removed afterwards.
    let folder: String
    let rounds: Int
    /// How long a turn should take.
    let seconds: Double
    /// How long the long load should take.
    let soakMinutes: Double
    /// How many channels are many.
    let manyChannels: Int
    /// Only the entrants whose name holds this text, and their anchors.
    let only: String?
    /// A library for `LD_PRELOAD` that slows the disk; `nil` leaves out what needs it.
    let faults: String?
    /// The Python that has the official server; `nil` leaves it out.
    let python: String?
    /// Says how far it is.
    let tell: @Sendable (String) -> Void
}
