// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

// The code of the article of this name; `GuideTests` compares the two.

import FarthingChannels
import FarthingPrimitives
import FarthingWallet

func carefulPolicy() -> SpendingPolicy {
    var limits = SpendingLimits.standard
    limits.perRequest = Amount(units: 10_000)
    limits.perDay = Amount(units: 2_000_000)
    limits.askAbove = Amount(units: 5_000)
    return SpendingPolicy(dollarLimits: limits)
}

func reason(for error: any Error) -> String? {
    guard let refusal = error as? PolicyRefusal else { return nil }
    return "\(refusal.code): \(refusal.message)"
}

func askingWallet(in folder: WalletFolder, ask: @escaping @Sendable (String) async -> Bool) throws -> Wallet {
    try folder.open(approve: { request in
        await ask(request.questions.map(\.text).joined(separator: " "))
    })
}

func allows(_ price: UInt128, under policy: SpendingPolicy, spentToday: UInt128) -> Bool {
    let intent = PaymentIntent(
        host: "api.example.com", isEncrypted: true, method: "GET", url: "https://api.example.com/weather",
        scheme: "batch-settlement", network: Network(evm: 84_532), asset: usdc, receiver: shop,
        price: Amount(units: price))
    return policy.evaluate(intent, after: SpendingTotals(today: Amount(units: spentToday))) == .allowed
}
