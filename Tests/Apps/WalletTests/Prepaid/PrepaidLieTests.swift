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
import FarthingX402
import Foundation
import Testing

@testable import FarthingWallet

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

    @Test func `is paid no more, on a channel that is over neither`() async throws {
        try await Market.open { market in
            try await Stall<HashChainChannel>.open(on: market) { stall in
                let wallet = try await market.wallet(schemes: ["hash-chain"])
                let url = await stall.address
                await stall.lies { $0.adding("chargedAmount", "1001") }
                await #expect(throws: (any Error).self) { try await wallet.client().execute(PayingRequest(url: url)) }
                var kept = try #require(try await wallet.journal.prepaid(HashChainPayer.self).first)
                kept.standing = .closed
                try await wallet.journal.keep(kept)
                await #expect(throws: PrepaidPayerFault.self) {
                    try await wallet.client().execute(PayingRequest(url: url))
                }
                #expect(await stall.served == 1, "it gets no other channel")
            }
        }
    }

    @Test func `does not bury a channel that it says it has closed, where nobody can look`() async throws {
        try await Market.open { market in
            try await Stall<HashChainChannel>.open(on: market) { stall in
                let (signer, journal) = (KeySigner(.random()), try Journal(path: nil))
                try await market.ledger.mint(to: signer.address, token: Market.token.address, amount: 10_000)
                func wallet(reads: Bool) -> Wallet {
                    Wallet(
                        journal: journal, lockFolder: nil, signer: signer, views: reads ? [market.ledger] : [],
                        options: Wallet.Options(schemes: ["hash-chain"]), logger: Market.quiet)
                }
                let blind = wallet(reads: false)
                for _ in 1...3 { _ = try await blind.client().execute(PayingRequest(url: await stall.address)) }
                let id = try #require(try await journal.prepaid(HashChainPayer.self).first?.id)
                // It gives nothing back.
                #expect(try await blind.close(id, through: blind.client()) == 7000)
                #expect(try await journal.overview(of: id)?.status == "said to be closed")
                let seen = try await wallet(reads: true).reconcilePrepaid(id, through: nil).after
                #expect(seen.status == "open")
                #expect(seen.locked == 7000)
            }
        }
    }

    @Test func `costs what its sum rose by, whatever it says that a request cost`() async throws {
        try await Market.open { market in
            try await Stall<HashChainChannel>.open(on: market) { stall in
                let wallet = try await market.wallet(schemes: ["hash-chain"])
                await stall.lies { $0.adding("chargedAmount", "0") }
                for _ in 1...2 { _ = try await wallet.client().execute(PayingRequest(url: await stall.address)) }
                #expect(try await wallet.journal.entries().map(\.charged) == [1000, 1000])
            }
        }
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
