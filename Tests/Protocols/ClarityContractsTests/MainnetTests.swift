// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import Testing

/// All other tests run on the test network.
@Suite("The contracts for Stacks on the main network")
struct MainnetTests {
    @Test("Signatures name chain 1, and a signature for the test network says nothing")
    func chain() throws {
        let stage = try Stage(deploying: ["payment-channel"], on: .mainnet)
        for account in [stage.alice, stage.bob] { try stage.fund(account, with: 1000) }
        let opened = try stage.call(
            "payment-channel", "open-channel", [.principal(stage.bob.onMainnet), .uint(144), .uint(1000)],
            by: stage.alice)
        let channel = try #require(opened.ok?.hash)
        let state = PaymentState(senderAmount: 400, recipientAmount: 600, nonce: 1, senderDeposited: 1000)
        func close(chain: UInt128) throws -> Outcome {
            let digest = SignedMessage.digest(
                of: state.message("payment-channel-close", channel: channel),
                for: try stage.identifier("payment-channel"), chain: chain)
            return try stage.call(
                "payment-channel", "close-together",
                [
                    .hash(channel), .uint(400), .uint(600), .uint(1), .buffer(stage.alice.sign(digest)),
                    .buffer(stage.bob.sign(digest)), state.totals,
                ], by: stage.bob)
        }
        #expect(try close(chain: SignedMessage.testnetChain) == .err(5))
        #expect(try close(chain: 1) == .ok(.bool(true)))
        #expect(try stage.balance(stage.bob) == 1600)
    }
}
