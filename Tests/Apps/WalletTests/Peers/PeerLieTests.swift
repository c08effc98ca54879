// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingWallet
import FarthingX402
import Foundation
import Testing

@Suite("A peer that lies", .timeLimit(.minutes(4)))
struct PeerLieTests {
    private func lies<Scheme: PrepaidWire>(
        _: Scheme.Type, _ name: String, over road: PeerRoad, _ lie: @escaping @Sendable (JSON) -> JSON
    ) async throws {
        try await Market.open { market in
            try await Stall<Scheme>.open(on: market) { stall in
                let address = await stall.address
                try await PeerFront.open(before: String(address.dropLast("/weather".count)), over: road) {
                    carrier, url in
                    let wallet = try await market.wallet(schemes: [name])
                    let client = wallet.client(carrier: carrier)
                    let request = PayingRequest(url: url + "/weather")
                    #expect(try await client.execute(request).receipt?.charged == 1000)
                    await stall.lies(lie)
                    await #expect(throws: (any Error).self) { try await client.execute(request) }
                    await #expect(throws: PrepaidPayerFault.self) { try await client.execute(request) }
                    #expect(await stall.served == 2, "nothing was sent to it any more")
                }
            }
        }
    }

    @Test(arguments: PeerRoad.allCases)
    func `is paid no more when it charges more than the price, whatever the scheme`(road: PeerRoad) async throws {
        let lie: @Sendable (JSON) -> JSON = { $0.adding("chargedAmount", "1001") }
        try await lies(HashChainChannel.self, "hash-chain", over: road, lie)
        try await lies(MerkleTokenChannel.self, "merkle-token", over: road, lie)
        try await lies(TwoWayChannel.self, "two-way", over: road, lie)
        try await lies(LotteryChannel.self, "lottery", over: road, lie)
    }

    @Test(arguments: PeerRoad.allCases)
    func `gets no more than the vouchers that it was given`(road: PeerRoad) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            visit.payload == nil ? mallory.demand(mallory.offer()) : mallory.serve(visit, charged: "1001")
        }
        try await Attack.run(by: trick) { attack async throws in
            try await PeerFront.open(before: attack.mallory.url, over: road) { carrier, url in
                let client = attack.wallet.client(carrier: carrier)
                for code in ["payer.overcharged", "payer.suspended"] {
                    do {
                        _ = try await client.execute(PayingRequest(url: url + "/gold"))
                        Issue.record("it was paid")
                    } catch let error as any ExplainedError {
                        #expect(error.code == code)
                    }
                }
            }
        }
    }

    @Test(arguments: PeerRoad.allCases)
    func `cannot raise the price between its offer and the payment`(road: PeerRoad) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            mallory.demand(visit.payload == nil ? mallory.offer(1000) : mallory.offer(9000))
        }
        try await Attack.run(by: trick) { attack async throws in
            try await PeerFront.open(before: attack.mallory.url, over: road) { carrier, url in
                let fault = await #expect(throws: PayingError.self) {
                    try await attack.wallet.client(carrier: carrier).execute(PayingRequest(url: url + "/gold"))
                }
                #expect(fault?.code == "payment.price-raised")
            }
        }
    }
}
