// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingPrimitives
import FarthingX402

/// Writes sums as people write them, as far as their tokens are known.
struct TokenNames: Sendable {
    let views: [any SettlementView]

    init(_ views: [any SettlementView] = []) { self.views = views }

    func token(_ address: Address, on network: Network) async -> Token? {
        if network.stacksChainID != nil, address == StacksAsset.stx.address { return StacksAsset.coin }
        if let known = KnownTokens.token(address, on: network) { return known }
        guard let view = views.first(where: { $0.domain.network == network }) else { return nil }
        return try? await view.token(address)
    }

    /// `0.001 USDC`, or `1000 units of 0x…`.
    func text(_ amount: Amount, _ address: Address, on network: Network) async -> String {
        Self.text(amount, await token(address, on: network), address)
    }

    static func text(_ amount: Amount, _ token: Token?, _ address: Address) -> String {
        token.map { "\(amount.text(decimals: $0.decimals)) \($0.symbol)" } ?? "\(amount) units of \(address)"
    }

    /// `0.001`, or `1000 units`.
    static func bare(_ amount: Amount, _ token: Token?) -> String {
        token.map { amount.text(decimals: $0.decimals) } ?? "\(amount) units"
    }

    /// Reads `$0.10` of a token with six decimals, or atomic units.
    static func amount(_ text: String) -> Amount? {
        text.hasPrefix("$") ? Amount(tokens: String(text.dropFirst()), decimals: 6) : Amount(wire: text)
    }
}

extension ChannelID {
    /// The first digits, for lines that people read.
    var short: String { "\(self)".prefix(6) + "…" }
}
