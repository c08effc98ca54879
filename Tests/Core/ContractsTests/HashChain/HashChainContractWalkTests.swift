// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A random walk over a hash-chain contract")
struct HashChainContractWalkTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 20_261_121] as [UInt64])
    func `pays each party what is its own, whatever arrives`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let count = UInt32.random(in: 1...40, using: &random)
            let stage = HashChainStage(count: count, amount: UInt128.random(in: 1...9, using: &random))
            var contract = try stage.opened()
            // What Bob was shown, and what he has signed for.
            var revealed: UInt32 = 0
            var signed: UInt32?
            for _ in 0..<12 {
                let order: HashChainContract.Order
                switch Int.random(in: 0..<8, using: &random) {
                case 0...2:
                    revealed = UInt32.random(in: revealed...count, using: &random)
                    order = .redeem(stage.step(revealed))
                case 3: order = .redeem(stage.step(UInt32.random(in: 0...revealed, using: &random)))
                case 4:
                    order = .redeem(
                        HashChainStep(
                            index: UInt32.random(in: 0...(count + 2), using: &random),
                            value: stage.steps[...Int(revealed)].randomElement(using: &random) ?? .zero))
                case 5:
                    contract.wait(seconds: Int64.random(in: 0...30_000, using: &random))
                    order = .reclaim
                case 6:
                    let index = UInt32.random(in: 0...revealed, using: &random)
                    signed = max(signed ?? 0, index)
                    order = stage.close(index)
                default: order = stage.close(UInt32.random(in: 0...count, using: &random), by: .mallory)
                }
                let before = contract.state.redeemed.index
                do { try contract.send(order) } catch is HashChainContract.Refusal {}
                let what = Comment(rawValue: "seed \(seed), round \(round), \(order)")
                // Nobody has a step that Alice did not show, so nobody is paid for one.
                #expect(contract.state.redeemed.index >= before, what)
                #expect(contract.state.redeemed.index <= max(revealed, before), what)
                #expect(
                    contract.paid(to: .bob)
                        == stage.terms.stepAmount.multiplied(
                            by: UInt128(contract.state.redeemed.index)), what)
                if contract.state.phase == .closed {
                    let expired = contract.block.time.unixSeconds >= Int64(stage.terms.expiry)
                    #expect(expired || signed != nil, what)
                    #expect(contract.state.locked.isZero, what)
                }
            }
        }
    }
}
