// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// How much may be unclaimed at most; `nil` is no limit.
public struct UnclaimedCaps: Hashable, Sendable {
    public var perChannel: Amount?
    /// For each token by itself: sums of different tokens cannot be added.
    public var inAll: Amount?

    public init(perChannel: Amount? = nil, inAll: Amount? = nil) {
        self.perChannel = perChannel
        self.inAll = inAll
    }
}
