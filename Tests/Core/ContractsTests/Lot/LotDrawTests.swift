// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("The draw of a lot")
struct LotDrawTests {
    @Test(arguments: [1, 2, 3, 10, 33, 100, 1024])
    func `hits all tickets equally often, over many secrets and blocks`(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        let draw = { (space: UnsafeMutableRawBufferPointer) in
            for offset in stride(from: 0, to: 32, by: 8) {
                space.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
            }
        }
        var hits = [Int](repeating: 0, count: count)
        for _ in 0..<20_000 {
            let place = LotDraw.place(secret: Hash32(filling: draw), blockHash: Hash32(filling: draw), among: count)
            hits[try #require(place)] += 1
        }
        guard count > 1 else { return }
        #expect(ChiSquare.range(count - 1).contains(ChiSquare.of(hits: hits)), "\(ChiSquare.of(hits: hits))")
    }

    @Test func `hits all tickets equally often with one secret in many blocks, and in one block with many`() throws {
        let fixed = hash("fixed")
        var (blocks, secrets) = ([Int](repeating: 0, count: 20), [Int](repeating: 0, count: 20))
        for index in 0..<10_000 {
            let other = hash("\(index)")
            blocks[try #require(LotDraw.place(secret: fixed, blockHash: other, among: 20))] += 1
            secrets[try #require(LotDraw.place(secret: other, blockHash: fixed, among: 20))] += 1
        }
        #expect(ChiSquare.range(19).contains(ChiSquare.of(hits: blocks)))
        #expect(ChiSquare.range(19).contains(ChiSquare.of(hits: secrets)))
    }

    @Test func `reads the hash of secret and block from its beginning`() {
        let (secret, block) = (hash("secret"), hash("block"))
        let number = Keccak256.hash(secret.bytes + block.bytes).bytes.prefix(16).reduce(UInt128(0)) {
            $0 << 8 | UInt128($1)
        }
        for count in [1, 2, 3, 7, 1024] {
            #expect(LotDraw.place(secret: secret, blockHash: block, among: count) == Int(number % UInt128(count)))
        }
        #expect(LotDraw.place(secret: secret, blockHash: block, among: 0) == nil)
        #expect(LotDraw.place(secret: secret, blockHash: block, among: -1) == nil)
    }

    @Test func `is promised with a tag that says all that the terms say`() {
        let stage = LotStage()
        let tag = stage.terms.tag(in: LotStage.domain)
        #expect(stage.terms.commitment == Keccak256.hash(LotStage.secret.bytes + tag.bytes))
        let changes: [(inout LotTerms) -> Void] = [
            { $0.payer = Person.bob.address }, { $0.token = Person.bob.address }, { $0.ticketCount += 1 },
            { $0.ticketValue = units(11) }, { $0.closesAt += 1 }, { $0.revealBlocks += 1 }, { $0.salt = hash("other") },
        ]
        let tags = changes.map { LotStage(change: $0).terms.tag(in: LotStage.domain) }
        #expect(Set(tags + [tag]).count == 8)
    }
}
