// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingWallet
import FarthingX402
import Synchronization
import Testing

@Suite("A wallet that asks about new hosts", .timeLimit(.minutes(2)))
struct NewHostTests {
    /// How often somebody was asked.
    private final class Approver: Sendable {
        private let count = Mutex(0)
        var asked: Int { count.withLock { $0 } }

        func approve() -> Bool {
            count.withLock { $0 += 1 }
            return true
        }
    }

    private func policy() throws -> SpendingPolicy {
        try SpendingPolicy(
            file: Array(
                #"{"askForNewHosts": true, "limits": {"askForDepositsAbove": "none", "askAbove": "none"}}"#.utf8))
    }

    @Test func `asks again after a payment that was refused, until one is taken`() async throws {
        try await Market.open { market in
            try await Stall<HashChainChannel>.open(on: market) { stall in
                let approver = Approver()
                let wallet = try await market.wallet(policy: try policy(), schemes: ["hash-chain"]) { _ in
                    approver.approve()
                }
                let url = await stall.address
                await stall.refusePayments(true)
                for number in 1...2 {
                    await #expect(throws: PayingError.refused(code: "not_today")) {
                        try await wallet.client().execute(PayingRequest(url: url))
                    }
                    #expect(approver.asked == number, "it is as new as before")
                }
                await stall.refusePayments(false)
                for _ in 1...2 {
                    #expect(try await wallet.client().execute(PayingRequest(url: url)).receipt?.charged == 1000)
                    #expect(approver.asked == 3, "it is known from the first payment on")
                }
                await stall.refusePayments(true)
                await #expect(throws: PayingError.refused(code: "not_today")) {
                    try await wallet.client().execute(PayingRequest(url: url))
                }
                await stall.refusePayments(false)
                _ = try await wallet.client().execute(PayingRequest(url: url))
                #expect(approver.asked == 3, "and stays so")
            }
        }
    }

    @Test func `asks once for a request that is paid anew after a word of the payee`() async throws {
        try await Market.open { market in
            try await Stall<LotteryChannel>.open(on: market) { stall in
                let approver = Approver()
                let wallet = try await market.wallet(policy: try policy(), schemes: ["lottery"]) { _ in
                    approver.approve()
                }
                let paid = try await wallet.client().execute(PayingRequest(url: await stall.address))
                #expect(paid.receipt?.charged == 1000)
                #expect(try await wallet.journal.entries().count == 2, "a seat, and a ticket")
                #expect(approver.asked == 1)
            }
        }
    }
}
