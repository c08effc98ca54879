// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@testable import FarthingWallet

/// Payments and tokens that the tests of the policy share.
enum PolicyFixture {
    static let base = Network(evm: 8_453)
    static let mainnet = Network(evm: 1)
    static let usdc = Address(hex: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913") ?? .zero
    /// A dollar with eighteen decimals that no table knows.
    static let dai = Address(hex: "0x6B175474E89094C44Da98b954EedeAC495271d0F") ?? .zero
    static let receiver = Address(hex: "0x209693Bc6afc0C5328bA36FaF03C514EF312287C") ?? .zero

    /// A request for a tenth of a cent at `api.example.com`, paid in USDC on Base.
    static func intent(
        host: String = "api.example.com", isEncrypted: Bool = true, network: Network = base, asset: Address = usdc,
        receiver: Address = receiver, price: UInt128 = 1_000, deposit: UInt128 = 0, locked: UInt128 = 0
    ) -> PaymentIntent {
        PaymentIntent(
            host: host, isEncrypted: isEncrypted, method: "GET", url: "https://api.example.com/", scheme: "exact",
            network: network, asset: asset, receiver: receiver, price: Amount(units: price),
            deposit: Amount(units: deposit), locked: Amount(units: locked))
    }

    static func limits(_ change: (inout SpendingLimits) -> Void) -> SpendingLimits {
        var limits = SpendingLimits(dollarDecimals: 6)
        change(&limits)
        return limits
    }
}

extension Verdict {
    /// The code of the refusal, if it is one.
    var code: String? {
        guard case .refused(let refusal) = self else { return nil }
        return refusal.code
    }
}
