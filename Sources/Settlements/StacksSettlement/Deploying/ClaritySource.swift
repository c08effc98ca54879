// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A contract's program as it is deployed: that of `Contracts/Clarity`, without comments.
public struct ClaritySource: Hashable, Sendable {
    /// The name under which it is deployed, and under which the others name it.
    public let name: String
    public let text: String

    /// All that channels need, in the order in which they are deployed.
    public static let all: [ClaritySource] = [.sip010Trait, .voucherChannels, .hashChains, .twoWayChannels]
}
