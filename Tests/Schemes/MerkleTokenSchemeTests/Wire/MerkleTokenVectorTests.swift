// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingMerkleTokenScheme
import FarthingPrimitives
import Foundation
import Testing

@Suite("Vectors of Merkle tokens")
struct MerkleTokenVectorTests {
    struct Vector: Decodable {
        struct Share: Decodable {
            let payee: String
            let count: String
            let amount: String
        }
        struct Token: Decodable {
            let payee: String
            let index: String
            let amount: String
            let secret: String
            let leaf: String
            let proof: [String]
        }

        let name: String
        let contract: String
        let payer: String
        let token: String
        let expiry: String
        let salt: String
        let seed: String
        let shares: [Share]
        let tag: String
        let root: String
        let channelId: String
        let tokens: [Token]

        static func load() throws -> [Vector] {
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../../Vectors/merkle-token/tokens.json").standardizedFileURL
            return try JSONDecoder().decode([Vector].self, from: Data(contentsOf: file))
        }
    }

    @Test func `gives every token, proof and id as an independent program does`() throws {
        let vectors = try Vector.load()
        #expect(vectors.map(\.name) == ["two payees", "one token", "a full tree"])
        for vector in vectors {
            let shares = try vector.shares.map { share in
                MerkleTokenPlan.Share(
                    payee: try #require(Address(hex: share.payee)), count: try #require(UInt32(share.count)),
                    amount: units(try #require(UInt128(share.amount))))
            }
            let plan = try #require(MerkleTokenPlan(shares))
            let seed = try #require(Hash32(hex: vector.seed))
            let account = try #require(Address(hex: vector.payer))
            let token = try #require(Address(hex: vector.token))
            let expiry = try #require(UInt64(vector.expiry))
            let salt = try #require(Hash32(hex: vector.salt))
            let made = MerkleTokenPayer(
                plan, seed: seed, payer: account, token: token, expiry: expiry, salt: salt, in: Scene.domain)
            var payer = try #require(made)
            #expect(Scene.domain.contract == Address(hex: vector.contract))
            #expect(payer.id.hash == Hash32(hex: vector.channelId))
            #expect(payer.terms.root == Hash32(hex: vector.root))
            let tag = payer.terms.tag(in: Scene.domain)
            #expect(tag == Hash32(hex: vector.tag))
            for share in shares {
                let all = units(share.amount.units * UInt128(share.count))
                let sent = try payer.apply(.paymentAsked(ReservationID(1), price: all, most: 64), of: share.payee)
                for shown in try #require(sent).tokens {
                    let expected = vector.tokens[Int(shown.index)]
                    #expect(share.payee == Address(hex: expected.payee))
                    #expect(shown.amount == UInt128(expected.amount).map(units))
                    #expect(shown.secret == Hash32(hex: expected.secret))
                    #expect(shown.proof.siblings == expected.proof.compactMap { Hash32(hex: $0) })
                    let token = MerkleToken(
                        payee: share.payee, index: shown.index, amount: shown.amount, secret: shown.secret)
                    #expect(MerkleTree.leaf(token, tag: tag) == Hash32(hex: expected.leaf))
                }
            }
        }
    }
}
