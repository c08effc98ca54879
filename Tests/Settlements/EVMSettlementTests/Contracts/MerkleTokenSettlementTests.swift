// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Merkle tokens that are settled on a chain", .timeLimit(.minutes(10)))
struct MerkleTokenSettlementTests {
    /// A channel with the trees of both sides: its tokens are the same but for what ties them to their channel.
    struct Game {
        let pair: Pair<MerkleTokenContract>
        let stage: ContractStage
        let trees: [ChannelID: MerkleTokenTree]

        init(_ stage: ContractStage, tokens count: UInt32 = 300, seconds: UInt64 = 5000, salt: UInt64 = 1) async throws
        {
            self.stage = stage
            let expiry = try await stage.moment(in: seconds)
            var trees: [ChannelID: MerkleTokenTree] = [:]
            pair = try Pair(
                stage, essence: { ["\($0.phase)", "\($0.redeemed)", "\($0.spent.count)"] },
                terms: { domain in
                    var terms = MerkleTokenTerms(
                        payer: stage.payer.address, token: stage.token.address, root: .zero, tokenCount: count,
                        tokenAmount: Amount(units: 10), expiry: expiry, salt: ABI.Word.uint(salt).bytes)
                    let tag = terms.tag(in: domain)
                    guard let tree = MerkleTokenTree(terms, tag: tag, token: { Self.token($0, stage) }) else {
                        return terms
                    }
                    terms.root = tree.root
                    trees[terms.channelID(in: domain)] = tree
                    return terms
                })
            self.trees = trees
        }

        static func token(_ index: UInt32, _ stage: ContractStage) -> MerkleToken {
            MerkleToken(
                payee: (index / 3).isMultiple(of: 2) ? stage.payee.address : stage.other.address, index: index,
                amount: Amount(units: UInt128(index % 10 + 1)), secret: ABI.Word.uint(UInt64(index) + 77).bytes)
        }

        func order(_ indices: [UInt32], _ side: Side<MerkleTokenContract>) -> MerkleTokenContract.Order {
            let proof = trees[side.channel]?.multiproof(of: indices) ?? MerkleMultiproof(nodes: [])
            return .redeem(indices.map { Self.token($0, stage) }, proof)
        }

        func worth(_ indices: some Sequence<UInt32>) -> Answer {
            .done(
                indices.reduce(into: [:]) { sums, index in
                    let token = Self.token(index, stage)
                    sums[token.payee] = (sums[token.payee] ?? .zero).adding(token.amount)
                })
        }
    }

    @Test func `opens, pays one token and many, gives back the rest, and conserves every unit`() async throws {
        try await ContractStage.open { stage in
            let before = try await stage.total(with: .merkleToken)
            let game = try await Game(stage)
            let pair = game.pair
            #expect(try await pair.fund(3000, by: stage.payer) == .done([:]))
            #expect(try await pair.carryOut("one") { game.order([5], $0) } == game.worth([5]))
            #expect(try await pair.carryOut("the same") { game.order([5], $0) } == .nothing)
            #expect(try await pair.carryOut("three") { game.order([4, 5, 299], $0) } == game.worth([4, 299]))
            try await pair.expectFoundAfterRestart()
            // More than the contract takes at once.
            let many = [UInt32](50..<280)
            #expect(try await pair.carryOut("many") { game.order(many, $0) } == game.worth(many))
            #expect(try await pair.carryOut("many again") { game.order(many, $0) } == .nothing)
            try await pair.expectFoundAfterRestart()
            guard case .done(let rest) = try await pair.carryOut("the rest", seconds: 6000, { _ in .reclaim }) else {
                Issue.record("nothing was left")
                return
            }
            #expect(Array(rest.keys) == [stage.payer.address])
            #expect(try await stage.total(with: .merkleToken) == before)
        }
    }

    @Test(arguments: [false, true]) func `does in a random walk what the ledger does`(isLong: Bool) async throws {
        try await ContractStage.open(isLong: isLong) { stage in try await walk(stage) }
    }

    private func walk(_ stage: ContractStage) async throws {
        var random = SeededGenerator.ofWalk(12)
        var log = WalkLog()
        var game = try await Game(stage, salt: 0)
        var steps = WalkSteps(stage)
        while let number = try await steps.next() {
            if number.isMultiple(of: 40) {
                game = try await Game(stage, tokens: try random.pick([1, 20, 300, 300]), salt: UInt64(number) + 1)
                log.add(try await game.pair.fund(90, by: stage.payer, "step \(number): too little"))
                log.add(
                    try await game.pair.fund(
                        UInt64(game.pair.chain.terms.tokenCount) * 10, by: stage.payer, salt: 2,
                        "step \(number): the deposit"))
            }
            let seconds: UInt64 = random.oneIn(25) ? 2000 : 1
            let count = game.pair.chain.terms.tokenCount
            let start = UInt32.random(in: 0..<count, using: &random)
            let taken = try random.pick([1, 2, 4, 10, 70])
            let end = min(count, start + UInt32(taken))
            let indices = (start..<end).filter { _ in taken == 1 || !random.oneIn(3) }
            let comment = "step \(number): \(indices.count) tokens from \(start) of \(count)"
            let fault = Int.random(in: 0..<30, using: &random)
            if fault < 3 {
                log.add(try await game.pair.carryOut("step \(number): reclaim", seconds: seconds) { _ in .reclaim })
                continue
            }
            let answer = try await game.pair.carryOut(comment, seconds: seconds) { side in
                guard case .redeem(var tokens, var proof) = game.order(indices, side), !tokens.isEmpty else {
                    return game.order([], side)
                }
                switch fault {
                case 3: tokens[0].secret = .zero
                case 4: tokens[0].amount = Amount(units: 11)
                case 5: tokens[0].amount = .zero
                case 6: tokens[0].index = count
                case 7: tokens[0].payee = .zero
                case 8: tokens[0].payee = side.domain.contract
                case 9: tokens.append(tokens[0])
                case 10: proof.nodes.append(.zero)
                case 11: proof.nodes = Array(proof.nodes.dropLast())
                default: break
                }
                return .redeem(tokens, proof)
            }
            log.add(answer)
        }
        log.expect(refusals: 5, on: stage)
    }
}
