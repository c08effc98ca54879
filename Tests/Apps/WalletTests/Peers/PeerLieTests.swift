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
import FarthingVoucherScheme
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
    func `is paid no more when it says that it charged, or was shown, what nobody gave it`(road: PeerRoad) async throws
    {
        let lie: @Sendable (JSON) -> JSON = { $0.withState("charged", "3000") }
        try await lies(HashChainChannel.self, "hash-chain", over: road, lie)
        try await lies(MerkleTokenChannel.self, "merkle-token", over: road, lie)
        try await lies(MerkleTokenChannel.self, "merkle-token", over: road) { $0.withState("floor", "9") }
    }

    @Test(arguments: PeerRoad.allCases)
    func `gets no deposit for a contract that only it knows`(road: PeerRoad) async throws {
        try await Market.open { market in
            try await Stall<HashChainChannel>.open(on: market) { stall in
                await stall.names(contract: stall.offer.receiver)
                let address = await stall.address
                try await PeerFront.open(before: String(address.dropLast("/weather".count)), over: road) {
                    carrier, url in
                    let wallet = try await market.wallet(schemes: ["hash-chain"])
                    let client = wallet.client(carrier: carrier)
                    let request = PayingRequest(url: url + "/weather")
                    await #expect(throws: (any Error).self) { try await client.execute(request) }
                    #expect(try await wallet.journal.entries().isEmpty, "nothing was signed for it")
                    await stall.names(contract: stall.domain.contract)
                    #expect(try await client.execute(request).receipt?.charged == 1000)
                }
            }
        }
    }

    @Test(arguments: PeerRoad.allCases)
    func `cannot pass off another's receipt, and gains nothing by silence`(road: PeerRoad) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            guard visit.payload != nil else { return mallory.demand(mallory.offer()) }
            return visit.target == "/silent" ? Mallory.Answer() : mallory.serve(visit, network: Network(evm: 1))
        }
        try await Attack.run(by: trick) { attack async throws in
            try await PeerFront.open(before: attack.mallory.url, over: road) { carrier, url in
                let client = attack.wallet.client(carrier: carrier)
                do {
                    _ = try await client.execute(PayingRequest(url: url + "/gold"))
                    Issue.record("another's receipt was taken")
                } catch let error as any ExplainedError {
                    #expect(error.code == "x402.header-member")
                }
                #expect(try await attack.wallet.journal.entries().map(\.code) == ["payment.receipt-of-another"])
                for _ in 0..<3 { _ = try await client.execute(PayingRequest(url: url + "/silent")) }
                let channel = try await attack.channel()
                #expect(channel.books.charged == 0)
                // Whatever it did, there is one voucher that it can claim by, for the price of one request.
                #expect(try await attack.mallory.plunder() <= 1000)
            }
        }
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
