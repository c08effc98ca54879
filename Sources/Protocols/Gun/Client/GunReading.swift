// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What was read, and how many relays have said what they have.
public struct GunReading: Hashable, Sendable {
    /// The newest values of all answers and of what was seen before; `nil` when nobody has any.
    public let node: GunNode?
    /// How many relays answered.
    public let answered: Int
    /// How many relays the client was told of.
    public let relays: Int
}
