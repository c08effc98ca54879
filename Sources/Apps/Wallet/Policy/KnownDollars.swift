// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingX402

/// Tokens that are known to be worth a dollar each, so that sums of them may be written as `$0.10`.
///
/// - Unit: all of them have six decimals.
/// - Source: x402's default assets, which all are Circle's USDC.
public enum KnownDollars {
    public static let decimals = 6

    public static let all = Set(
        KnownTokens.everywhere.map { TokenPattern(network: $0.network, address: $0.address) })
}
