// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A Merkle tree of tokens")
struct MerkleTreeTests {
    /// Worked out by other code (Python, with a Keccak of its own): six tokens, two empty places.
    @Test func `has the hashes that others work out`() throws {
        let terms = MerkleTokenTerms(
            payer: try repeated(0x11), token: try repeated(0x22), root: .zero, tokenCount: 6,
            tokenAmount: units(1000), expiry: 1_800_086_400,
            salt: try #require(Hash32([UInt8](repeating: 0x33, count: 32))))
        let domain = MerkleTokenStage.domain
        #expect(domain.contract.hex == "0x0f012e59f3afb9b6a0ecce6fc7594e4e19c8f344")
        let tag = terms.tag(in: domain)
        #expect(tag.hex == "0xf90a628d84e8bc01431d6ef0c3c4410f909288b1e584ba0f9b41668ab6a72294")
        let tokens = try (0..<6).map { index in
            MerkleToken(
                payee: try repeated(0x40 + UInt8(index)), index: index, amount: units(1000 - UInt128(index)),
                secret: try #require(Hash32([UInt8](repeating: 0x50 + UInt8(index), count: 32))))
        }
        let leaf = MerkleTree.leaf(tokens[5], tag: tag)
        #expect(leaf.hex == "0x5c4e30c51e99fbb92ee7352ba5995c4f4b9f8f9b9b924a820ce3525620423457")
        let tree = try #require(MerkleTokenTree(terms, tag: tag) { tokens[Int($0)] })
        #expect(tree.root.hex == "0x0a3c55b66d0edb8e20882b1c2bc58a96ba9b53c08e4a54256fe76e6643c6c110")
        var rooted = terms
        rooted.root = tree.root
        #expect(
            rooted.channelID(in: domain).hash.hex
                == "0x58c5d4e682292cab4c025270ccff83dab277b0033f02633aba7aada3a4dfd711")
        #expect(
            tree.proof(of: 4)?.siblings.map(\.hex) == [
                "0x5c4e30c51e99fbb92ee7352ba5995c4f4b9f8f9b9b924a820ce3525620423457",
                "0xc07a1e8b7e0057673fdc2affe190d8a960c5fe615663f27b7ce84f3d93ef92a6",
                "0x52725c19869cf748196578c8c52a1000e25d4bbad571ec7344fb60e25d5ec070",
            ])
        #expect(
            tree.multiproof(of: [1, 4, 5])?.nodes.map(\.hex) == [
                "0xafacb6004438c2977680470863bb303eadb0d7ec161dca487f54c06500b03e94",
                "0x93394f5dce3e60802582b951974528aac3ecc015661b82d0a63715805251aba1",
                "0xc07a1e8b7e0057673fdc2affe190d8a960c5fe615663f27b7ce84f3d93ef92a6",
            ])
    }

    private func repeated(_ byte: UInt8) throws -> Address {
        try #require(Address([UInt8](repeating: byte, count: 20)))
    }

    @Test(
        arguments: [
            (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4), (65_535, 16), (65_536, 16), (65_537, 17),
            (1_048_575, 20), (1_048_576, 20),
        ] as [(UInt32, Int)])
    func `is as deep as it must be`(count: UInt32, depth: Int) {
        var terms = MerkleTokenStage().terms
        terms.tokenCount = count
        #expect(terms.depth == depth)
    }

    @Test(arguments: [1, 2, 3, 5, 8, 11, 16, 17, 33] as [UInt32])
    func `hands out a proof for each token, and none for others`(count: UInt32) throws {
        let stage = MerkleTokenStage(count: count)
        let plain = PlantedTree(stage)
        #expect(stage.tree.root == plain.terms.root)
        for token in stage.tokens {
            let proof = try #require(stage.tree.proof(of: token.index))
            #expect(proof == plain.proof(at: token.index))
            #expect(proof.proves(token, terms: stage.terms, tag: stage.tag))
            for other in stage.tokens where other != token {
                #expect(!proof.proves(other, terms: stage.terms, tag: stage.tag))
            }
        }
        #expect(stage.tree.proof(of: count) == nil)
        #expect(stage.tree.proof(of: .max) == nil)
    }

    @Test func `is not made on bad terms, or of tokens that they do not allow`() {
        let stage = MerkleTokenStage()
        let make = { (change: (inout MerkleTokenTerms) -> Void, token: (inout MerkleToken) -> Void) in
            var terms = stage.terms
            change(&terms)
            return MerkleTokenTree(terms, tag: stage.tag) { index in
                var made = stage.tokens[Int(index)]
                if index == 7 { token(&made) }
                return made
            }
        }
        #expect(make({ _ in }, { _ in })?.root == stage.terms.root)
        #expect(make({ $0.tokenCount = 0 }, { _ in }) == nil)
        #expect(make({ $0.tokenAmount = .zero }, { _ in }) == nil)
        #expect(make({ _ in }, { $0.index = 6 }) == nil)
        #expect(make({ _ in }, { $0.amount = .zero }) == nil)
        #expect(make({ _ in }, { $0.amount = units(6) }) == nil)
    }

    @Test func `proves the last of 2^20 tokens with twenty hashes`() throws {
        // A tree of that size is what its payer says that it is: any twenty siblings make one.
        var terms = MerkleTokenStage().terms
        terms.tokenCount = 1_048_576
        let token = MerkleToken(
            payee: Person.bob.address, index: 1_048_575, amount: units(5), secret: hash("secret"))
        let siblings = (0..<20).map { hash("sibling \($0)") }
        let leaf = MerkleTree.leaf(token, tag: terms.tag(in: MerkleTokenStage.domain))
        terms.root = siblings.reduce(leaf) { MerkleTree.inner($1, $0) }
        var contract = try MerkleTokenStage.opened(terms)
        let payouts = try contract.send(.redeem([token], MerkleMultiproof(nodes: siblings)))
        #expect(payouts == [Payout(to: Person.bob.address, units(5))])
        #expect(contract.state.stored.count == 190)
    }
}
