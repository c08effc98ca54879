// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Whom a settlement pays out what was claimed, and in which token.
public struct SweepTarget: Hashable, Comparable, Sendable {
    public let receiver: Address
    public let token: Address

    public init(receiver: Address, token: Address) {
        self.receiver = receiver
        self.token = token
    }

    public static func < (left: Self, right: Self) -> Bool {
        left.receiver == right.receiver ? left.token < right.token : left.receiver < right.receiver
    }
}
