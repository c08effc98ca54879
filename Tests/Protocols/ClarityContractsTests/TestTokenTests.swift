// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("The test token for Stacks")
struct TestTokenTests {
    private static func stage() throws -> Stage {
        let stage = try Stage(deploying: ["test-token"])
        #expect(
            try stage.call("test-token", "mint", [.uint(100), stage.alice.value], by: stage.carol) == .ok(.bool(true)))
        return stage
    }

    private static func transfer(
        _ stage: Stage, _ amount: UInt128, by sender: Account, memo: ClarityValue = .none
    ) throws -> Outcome {
        try stage.call(
            "test-token", "transfer", [.uint(amount), stage.alice.value, stage.bob.value, memo], by: sender)
    }

    @Test("Its owner moves it, with a note or without")
    func transfers() throws {
        let stage = try Self.stage()
        #expect(try Self.transfer(stage, 30, by: stage.alice) == .ok(.bool(true)))
        #expect(stage.printed.isEmpty)
        #expect(try Self.transfer(stage, 30, by: stage.alice, memo: .some(.buffer([1, 2]))) == .ok(.bool(true)))
        #expect(stage.printed == [.buffer([1, 2])])
        #expect(try stage.read("test-token", "get-balance", [stage.bob.value]) == .ok(.uint(60)))
        #expect(try stage.read("test-token", "get-total-supply", []) == .ok(.uint(100)))
    }

    @Test("Nobody else does, and not more than is there")
    func refusals() throws {
        let stage = try Self.stage()
        #expect(try Self.transfer(stage, 30, by: stage.bob) == .err(4))
        #expect(try Self.transfer(stage, 101, by: stage.alice) == .err(1))
        #expect(try Self.transfer(stage, 0, by: stage.alice) == .err(3))
    }

    @Test("Nobody mints it on the main network")
    func mainnet() throws {
        let stage = try Stage(deploying: ["test-token"], on: .mainnet)
        #expect(
            try stage.call("test-token", "mint", [.uint(1), .principal(stage.alice.onMainnet)], by: stage.carol)
                == .err(5))
    }
}
