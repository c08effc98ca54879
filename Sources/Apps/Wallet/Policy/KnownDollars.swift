// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Tokens that are known to be worth a dollar each, so that sums of them may be written as `$0.10`.
///
/// - Unit: all of them have six decimals.
/// - Source: x402's default assets (Circle's USDC); the same pairs as `KnownTokens` of the assembly.
public enum KnownDollars {
    public static let decimals = 6

    public static let all: Set<TokenPattern> = Set(
        [
            "eip155:1/0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
            "eip155:8453/0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
            "eip155:84532/0x036CbD53842c5426634e7929541eC2318f3dCF7e",
            "eip155:137/0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359",
            "eip155:42161/0xaf88d065e77c8cC2239327C5EDb3A432268e5831",
            "eip155:43114/0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E",
        ].compactMap { TokenPattern($0) })
}
