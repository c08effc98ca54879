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

    @Test("Accounts of the main network are parties there, and those of the test network are not")
    func parties() throws {
        let stage = try Stage(deploying: ["microstx", "voucher-channels"], on: .mainnet)
        try stage.fund(stage.alice, with: 10_000_000)
        func open(_ partner: StandardPrincipal) throws -> Outcome {
            try stage.call(
                "microstx", "open-channel", [.principal(partner), .uint(1_000_000), .uint(0)], by: stage.alice)
        }
        #expect(try open(stage.bob.standard) == .err(100))
        #expect(try open(stage.bob.onMainnet) == .ok(.uint(1)))
        func deposit(_ payer: StandardPrincipal, _ receiver: StandardPrincipal) throws -> Outcome {
            let terms = VoucherTerms(
                payer: .principal(payer), payerAuthorizer: nil, receiver: .principal(receiver),
                receiverAuthorizer: .principal(receiver), token: nil)
            return try stage.call(
                "voucher-channels", "deposit", [terms.value, .uint(10), .none], by: stage.alice)
        }
        #expect(try deposit(stage.alice.onMainnet, stage.bob.standard) == .err(201))
        #expect(try deposit(stage.alice.standard, stage.bob.onMainnet) == .err(201))
        #expect(try deposit(stage.alice.onMainnet, stage.bob.onMainnet).ok != nil)
    }
}
