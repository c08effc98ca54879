// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingWallet
import FarthingX402
import Testing

@Suite("For how long money may be locked", .timeLimit(.minutes(1)))
struct LongestLockTests {
    private func read(_ days: String) throws -> SpendingPolicy {
        try SpendingPolicy(file: Array(#"{"longestLockDays": \#(days)}"#.utf8))
    }

    @Test func `is 30 days unless a policy says otherwise`() throws {
        #expect(SpendingPolicy.standard.longestLockDays == 30)
        let policy = try read("7")
        #expect(policy.longestLockDays == 7)
        #expect(try SpendingPolicy(json: policy.json) == policy)
        for days in ["0", "367", "1.5", "-1", "\"7\"", "null"] {
            #expect(throws: PolicyFileError.self) { try read(days) }
        }
    }

    /// What the desks of a wallet say to an offer that wants a channel for so many days.
    private func code(_ days: UInt64, most: Int, _ market: Market) async throws -> String? {
        let wallet = try await market.wallet(
            policy: SpendingPolicy(longestLockDays: most), schemes: ["hash-chain"])
        return try await Stall<HashChainChannel>.open(on: market) { stall in
            var terms = stall.offer
            terms.minimumLifetime = days * 86_400
            let wanted = PaymentRequirements(
                scheme: terms.scheme, network: Market.network, amount: Market.price, asset: Market.token.address,
                payTo: terms.receiver, maxTimeoutSeconds: 60, extra: terms.extra)
            let offer = try #require(Offer(json: wanted.json))
            let resource = try RequestedResource(method: "GET", url: "http://127.0.0.1:1/weather")
            for desk in wallet.desks {
                switch desk.appraise(offer, for: resource) {
                case .payable: return nil
                case .objection(let objection): return objection.code
                case .unknown: break
                }
            }
            return "unknown"
        }
    }

    @Test func `is not for an offer to decide`() async throws {
        try await Market.open { market in
            for (days, most, expected) in [
                (366, 30, "policy.locked-too-long"), (31, 30, "policy.locked-too-long"), (30, 30, nil), (366, 366, nil),
            ] as [(UInt64, Int, String?)] {
                let code = try await code(days, most: most, market)
                #expect(code == expected)
            }
        }
    }
}
