// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A proof of many tokens")
struct MerkleMultiproofTests {
    @Test(arguments: [1, 2, 3, 4, 20_261_121] as [UInt64])
    func `holds what is missing and nothing else, and is the same however it is made`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<40 {
            let stage = MerkleTokenStage(count: UInt32.random(in: 1...70, using: &random))
            let count = Int.random(in: 1...stage.tokens.count, using: &random)
            let tokens = stage.tokens.shuffled(using: &random).prefix(count).sorted { $0.index < $1.index }
            let proof = try #require(stage.tree.multiproof(of: tokens.map(\.index)))
            let what = Comment(rawValue: "seed \(seed), round \(round), \(tokens.map(\.index))")
            #expect(proof == PlantedTree(stage).multiproof(at: tokens.map(\.index)), what)
            #expect(proof == joined(tokens, in: stage), what)
            #expect(proof.proves(tokens, terms: stage.terms, tag: stage.tag), what)
            for (place, _) in proof.nodes.enumerated() {
                var short = proof
                short.nodes.remove(at: place)
                #expect(!short.proves(tokens, terms: stage.terms, tag: stage.tag), what)
            }
            var long = proof
            long.nodes.insert(hash("one more"), at: Int.random(in: 0...proof.nodes.count, using: &random))
            #expect(!long.proves(tokens, terms: stage.terms, tag: stage.tag), what)
            long.nodes = proof.nodes + [stage.terms.root]
            #expect(!long.proves(tokens, terms: stage.terms, tag: stage.tag), what)
        }
    }

    @Test func `needs nothing when all tokens are there`() throws {
        let stage = MerkleTokenStage(count: 16)
        let proof = try #require(stage.tree.multiproof(of: Array(0..<16)))
        #expect(proof.nodes.isEmpty)
        #expect(proof.proves(stage.tokens, terms: stage.terms, tag: stage.tag))
        // And without one of them it needs that one.
        let rest = Array(stage.tokens.dropFirst())
        #expect(!proof.proves(rest, terms: stage.terms, tag: stage.tag))
        #expect(
            MerkleMultiproof(nodes: [MerkleTree.leaf(stage.tokens[0], tag: stage.tag)]).proves(
                rest, terms: stage.terms, tag: stage.tag))
    }

    @Test func `of one token is its single proof`() throws {
        let stage = MerkleTokenStage()
        for token in stage.tokens {
            #expect(stage.tree.multiproof(of: [token.index])?.nodes == stage.tree.proof(of: token.index)?.siblings)
        }
    }

    @Test(arguments: [[], [3, 2], [3, 3], [0, 11], [11], [0, 1, 1]] as [[UInt32]])
    func `is not made or taken for indices that are unsorted, doubled or beyond the end`(indices: [UInt32]) {
        let stage = MerkleTokenStage()
        #expect(stage.tree.multiproof(of: indices) == nil)
        let tokens = indices.map { index in
            var token = stage.tokens[Int(min(index, 10))]
            token.index = index
            return token
        }
        let plain = PlantedTree(stage) { leaves in
            for token in tokens { leaves[Int(token.index)] = MerkleTree.leaf(token, tag: stage.tag) }
        }
        #expect(!plain.multiproof(at: indices).proves(tokens, terms: plain.terms, tag: stage.tag))
        let proofs = indices.map(plain.proof)
        #expect(MerkleMultiproof(joining: proofs, of: tokens, terms: plain.terms, tag: stage.tag) == nil)
    }

    @Test func `takes 1,024 tokens, and no more`() throws {
        let stage = MerkleTokenStage(count: 1025)
        let most = Array(stage.tokens[1...])
        let proof = try #require(stage.tree.multiproof(of: most.map(\.index)))
        #expect(proof.proves(most, terms: stage.terms, tag: stage.tag))
        #expect(proof == joined(most, in: stage))
        #expect(stage.tree.multiproof(of: stage.tokens.map(\.index)) == nil)
        #expect(joined(stage.tokens, in: stage) == nil)
        let all = PlantedTree(stage).multiproof(at: stage.tokens.map(\.index))
        #expect(!all.proves(stage.tokens, terms: stage.terms, tag: stage.tag))
    }

    @Test func `is not made of proofs that do not agree, or are not all there`() throws {
        let (stage, other) = (MerkleTokenStage(), MerkleTokenStage(salt: "another", seed: "another"))
        let tokens = stage.tokens([2, 3, 9])
        let proofs = try tokens.map { try #require(stage.tree.proof(of: $0.index)) }
        let join = { MerkleMultiproof(joining: $0, of: $1, terms: stage.terms, tag: stage.tag) }
        #expect(join(proofs, tokens) != nil)
        #expect(join(Array(proofs.dropLast()), tokens) == nil)
        #expect(join(proofs, Array(tokens.dropLast())) == nil)
        #expect(join(proofs.reversed(), tokens) == nil)
        #expect(join(proofs, other.tokens([2, 3, 9])) == nil)
        for place in proofs.indices {
            for level in 0..<4 {
                var changed = proofs
                changed[place].siblings[level] = hash("another")
                #expect(join(changed, tokens) == nil)
            }
            var changed = proofs
            changed[place] = try #require(other.tree.proof(of: tokens[place].index))
            #expect(join(changed, tokens) == nil)
        }
    }

    private func joined(_ tokens: [MerkleToken], in stage: MerkleTokenStage) -> MerkleMultiproof? {
        MerkleMultiproof(
            joining: tokens.compactMap { stage.tree.proof(of: $0.index) }, of: tokens, terms: stage.terms,
            tag: stage.tag)
    }
}
