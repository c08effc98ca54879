// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingPrimitives
import Testing

@testable import FarthingHashChainScheme

@Suite("The traversal of a hash chain")
struct HashChainTraversalTests {
    private let tag = hash("tag")

    private func steps(_ count: UInt32) -> [Hash32] {
        var steps = [hash("seed")]
        for index in stride(from: count, to: 0, by: -1) {
            steps.append(HashChain.step(before: steps[steps.count - 1], at: index, tag: tag))
        }
        return steps.reversed()
    }

    @Test(
        arguments: [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100, 255, 256, 257, 1000, 1023, 1024, 1025] as [UInt32])
    func `reveals every step in its turn, from the anchor to the seed`(count: UInt32) throws {
        let all = steps(count)
        var traversal = HashChainTraversal(seed: hash("seed"), count: count, tag: tag)
        #expect(traversal.anchor == all[0])
        for index in 1...count {
            #expect(traversal.next() == HashChainStep(index: index, value: all[Int(index)]), "step \(index)")
        }
        #expect(traversal.next() == nil)
        #expect(traversal.current.index == count)
    }

    @Test(arguments: [10, 100, 1000, 4096, 10_000, 65_535] as [UInt32])
    func `costs a few hashes for each step, and keeps a few of them`(count: UInt32) {
        var traversal = HashChainTraversal(seed: hash("seed"), count: count, tag: tag)
        #expect(traversal.hashes == Int(count))
        let doublings = Int((Double(count).logarithm2).rounded(.up))
        var most = 0
        for _ in 0..<count {
            let before = traversal.hashes
            _ = traversal.next()
            most = max(most, traversal.hashes - before)
            #expect(traversal.stored.count <= 1 + 32 + 32 + 4 + 36 + 1 + 41 * doublings)
        }
        #expect(most <= 2 * doublings + 1, "the dearest step cost \(most) hashes")
    }

    @Test func `goes on from its stored form at any point`() throws {
        let all = steps(300)
        var random = SeededGenerator(seed: 7)
        var traversal = HashChainTraversal(seed: hash("seed"), count: 300, tag: tag)
        while traversal.current.index < 300 {
            let steps = UInt32.random(in: 1...min(9, 300 - traversal.current.index), using: &random)
            let next = traversal.advance(by: steps)
            let step = try #require(next)
            #expect(step.value == all[Int(step.index)])
            let again = try HashChainTraversal(stored: traversal.stored)
            #expect(again == traversal)
            traversal = again
        }
        #expect(traversal.advance(by: 1) == nil)
        #expect(traversal.advance(by: .max) == nil)
    }

    @Test func `refuses a stored form that is damaged, and one from later`() throws {
        var traversal = HashChainTraversal(seed: hash("seed"), count: 100, tag: tag)
        _ = traversal.advance(by: 37)
        let stored = traversal.stored
        for count in 0..<stored.count {
            #expect(throws: (any Error).self) { try HashChainTraversal(stored: Array(stored[..<count])) }
        }
        #expect(throws: (any Error).self) { try HashChainTraversal(stored: stored + [0]) }
        #expect(throws: (any Error).self) { try HashChainTraversal(stored: [2] + stored.dropFirst()) }
    }
}

extension Double {
    /// The power of two that a whole number lies below.
    fileprivate var logarithm2: Double {
        var (power, exponent) = (1.0, 0.0)
        while power < self {
            power *= 2
            exponent += 1
        }
        return exponent
    }
}
