// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingWallet
import FarthingX402
import Foundation
import Testing

@Suite("A payee that lies about a purse", .timeLimit(.minutes(4)))
struct PrepaidLieTests {
    private func lies<Scheme: PrepaidWire>(
        _: Scheme.Type, _ name: String, _ lie: @escaping @Sendable (JSON) -> JSON, code: String
    ) async throws {
        try await Market.open { market in
            try await Stall<Scheme>.open(on: market) { stall in
                let wallet = try await market.wallet(schemes: [name])
                let client = wallet.client()
                let url = await stall.address
                let first = try await client.execute(PayingRequest(url: url))
                #expect(first.receipt?.charged == 1000)
                await stall.lies(lie)
                await #expect(throws: (any Error).self) { try await client.execute(PayingRequest(url: url)) }
                let fault = await #expect(throws: PrepaidPayerFault.self) {
                    try await client.execute(PayingRequest(url: url))
                }
                #expect(fault?.message.contains(code) == true)
                #expect(await stall.served == 2, "nothing was sent to it any more")
                let entries = try await wallet.journal.entries()
                #expect(entries.map(\.code) == [code, nil])
            }
        }
    }

    @Test func `is paid no more when it charges more than the price`() async throws {
        let lie: @Sendable (JSON) -> JSON = { $0.adding("chargedAmount", "1001") }
        try await lies(HashChainChannel.self, "hash-chain", lie, code: "payer.overcharged")
        try await lies(MerkleTokenChannel.self, "merkle-token", lie, code: "payer.overcharged")
    }

    @Test func `is paid no more when it says that it charged what nobody asked for`() async throws {
        let lie: @Sendable (JSON) -> JSON = { $0.withState("charged", "3000") }
        try await lies(HashChainChannel.self, "hash-chain", lie, code: "payer.overstated")
        try await lies(MerkleTokenChannel.self, "merkle-token", lie, code: "payer.overstated")
    }

    /// The contract of an offer is who may take the deposit: a payee that names itself there could keep it.
    private func trap<Scheme: PrepaidWire>(_: Scheme.Type, _ name: String, readsLedger: Bool) async throws {
        try await Market.open { market in
            try await Stall<Scheme>.open(on: market) { stall in
                await stall.names(contract: stall.offer.receiver)
                let wallet = try await market.wallet(readsLedger: readsLedger, schemes: [name])
                await #expect(throws: (any Error).self) {
                    try await wallet.client().execute(PayingRequest(url: await stall.address))
                }
                #expect(try await wallet.journal.entries().isEmpty, "nothing was signed for it")
                #expect(
                    try await market.ledger.balance(of: wallet.address, token: Market.token.address)
                        == Amount(units: 10_000_000))
                await stall.names(contract: stall.domain.contract)
                let paid = try await wallet.client().execute(PayingRequest(url: await stall.address))
                #expect(paid.receipt?.charged == 1000)
            }
        }
    }

    @Test(arguments: [true, false])
    func `gets no deposit for a contract that only it knows`(readsLedger: Bool) async throws {
        try await trap(HashChainChannel.self, "hash-chain", readsLedger: readsLedger)
        try await trap(MerkleTokenChannel.self, "merkle-token", readsLedger: readsLedger)
    }

    @Test func `is paid no more when it says that it has tokens that it was not shown`() async throws {
        try await lies(
            MerkleTokenChannel.self, "merkle-token", { $0.withState("floor", "9") }, code: "payer.overstated-tokens")
    }
}
