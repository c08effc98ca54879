// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A path in a Merkle tree")
struct MerklePathTests {
    @Test func `goes no farther than the first node that is known`() throws {
        let stage = MerkleTokenStage(count: 16)
        let path = try #require(
            MerklePath(of: stage.tokens[5], by: try proof(of: 5, in: stage), terms: stage.terms, tag: stage.tag))
        #expect(path.index == 5)
        #expect((0..<16).map { path.levelShared(with: $0) } == [3, 3, 3, 3, 1, 0, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4])
    }

    @Test func `shows tokens one after the other`() throws {
        let stage = MerkleTokenStage(count: 29)
        var path: MerklePath?
        var hashes = 0
        for token in stage.tokens {
            hashes += path?.levelShared(with: token.index) ?? stage.terms.depth
            let proof = try proof(of: token.index, in: stage)
            let next = MerklePath(of: token, by: proof, terms: stage.terms, tag: stage.tag, after: path)
            #expect(next == MerklePath(of: token, by: proof, terms: stage.terms, tag: stage.tag))
            #expect(next != nil)
            path = next
        }
        #expect(hashes == 58, "two for each token, and not five")
    }

    @Test func `makes no use of a path in another tree`() throws {
        let (stage, other) = (MerkleTokenStage(), MerkleTokenStage(salt: "another"))
        let path = try #require(
            MerklePath(of: other.tokens[3], by: try proof(of: 3, in: other), terms: other.terms, tag: other.tag))
        let first = try proof(of: 2, in: stage)
        #expect(path.verifies(stage.tokens[2], by: first, terms: stage.terms, tag: stage.tag))
        let foreign = try proof(of: 2, in: other)
        #expect(path.verifies(other.tokens[2], by: foreign, terms: other.terms, tag: other.tag))
        #expect(!path.verifies(other.tokens[2], by: foreign, terms: stage.terms, tag: stage.tag))
    }

    @Test func `refuses a proof that is wrong only above the node that is known`() throws {
        let stage = MerkleTokenStage(count: 16)
        let path = try #require(
            MerklePath(of: stage.tokens[4], by: try proof(of: 4, in: stage), terms: stage.terms, tag: stage.tag))
        var proof = try proof(of: 5, in: stage)
        #expect(path.verifies(stage.tokens[5], by: proof, terms: stage.terms, tag: stage.tag))
        proof.siblings[3] = hash("another")
        #expect(!path.verifies(stage.tokens[5], by: proof, terms: stage.terms, tag: stage.tag))
    }

    @Test(arguments: [1, 2, 3, 4, 20_261_121] as [UInt64])
    func `takes in what the whole way proves, and nothing else, whatever is tampered with`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<30 {
            let stage = MerkleTokenStage(count: UInt32.random(in: 1...70, using: &random))
            var path: MerklePath?
            for _ in 0..<30 {
                var token = try #require(stage.tokens.randomElement(using: &random))
                var proof = try proof(of: token.index, in: stage)
                tamper(with: &token, &proof, using: &random)
                let isProven = proof.proves(token, terms: stage.terms, tag: stage.tag)
                let next = MerklePath(of: token, by: proof, terms: stage.terms, tag: stage.tag, after: path)
                let what = Comment(rawValue: "seed \(seed), round \(round), \(token)")
                #expect((next != nil) == isProven, what)
                if let path {
                    #expect(path.verifies(token, by: proof, terms: stage.terms, tag: stage.tag) == isProven, what)
                }
                if isProven { #expect(token == stage.tokens[Int(token.index)], what) }
                path = next ?? path
            }
        }
    }

    private func proof(of index: UInt32, in stage: MerkleTokenStage) throws -> MerkleProof {
        try #require(stage.tree.proof(of: index))
    }

    private func tamper(
        with token: inout MerkleToken, _ proof: inout MerkleProof, using random: inout SeededGenerator
    ) {
        let level = proof.siblings.indices.randomElement(using: &random)
        switch (Int.random(in: 0..<14, using: &random), level) {
        case (0, _): token.payee = Person.mallory.address
        case (1, _): token.index ^= 1 << UInt32.random(in: 0..<8, using: &random)
        case (2, _): token.amount = units(UInt128.random(in: 0...6, using: &random))
        case (3, _): token.secret = hash("guessed")
        case (4, _): proof.siblings.append(hash("one more"))
        case (5, .some): proof.siblings.removeLast()
        case (6, .some(let level)): proof.siblings.remove(at: level)
        case (7...8, .some(let level)): proof.siblings[level] = hash("another")
        case (9, .some(let level)):
            var bytes = proof.siblings[level].bytes
            bytes[Int.random(in: 0..<32, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            proof.siblings[level] = Hash32(bytes) ?? .zero
        case (10, .some(let level)): proof.siblings.swapAt(0, level)
        default: break
        }
    }
}
