// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import Testing

/// Post-conditions in deny mode: whatever no condition names must not move.
@Suite("The contracts for Stacks under post-conditions in deny mode")
struct PostConditionTests {
    private static func stx(_ owner: Principal, _ amount: UInt128) -> PostCondition {
        PostCondition(.principal(owner), .stx(.equal, amount))
    }

    @Test("A deposit needs a condition on who pays, and on nobody else")
    func deposit() throws {
        let pair = try VoucherStage()
        let arguments = [pair.terms.value, ClarityValue.uint(100), .none]
        func deposit(_ conditions: [PostCondition]) throws -> Outcome {
            try pair.stage.call(
                "voucher-channels", "deposit", arguments, by: pair.payer, under: PostConditions(.deny, conditions))
        }
        #expect(try deposit([]) == .aborted("post-condition"))
        #expect(try deposit([Self.stx(pair.payer.principal, 99)]) == .aborted("post-condition"))
        #expect(try pair.details() == ClarityValue.none)
        #expect(try deposit([Self.stx(pair.payer.principal, 100)]).ok != nil)
    }

    @Test("A payout needs a condition on the contract: without it the money stays, and can be had later")
    func payout() throws {
        let pair = try VoucherStage()
        let contract = Principal.contract(try pair.stage.identifier("voucher-channels"))
        _ = try pair.deposit(100)
        _ = try pair.claim([pair.row(40)])
        func settle(_ conditions: [PostCondition]) throws -> Outcome {
            try pair.stage.call(
                "voucher-channels", "settle", [pair.receiver.value, .none], by: pair.stranger,
                under: PostConditions(.deny, conditions))
        }
        #expect(try settle([]) == .aborted("post-condition"))
        #expect(try settle([Self.stx(contract, 39)]) == .aborted("post-condition"))
        try pair.expect(payer: 999_900, receiver: 1_000_000, held: 100)
        #expect(try settle([Self.stx(contract, 40)]) == .ok(40))
        try pair.expect(payer: 999_900, receiver: 1_000_040, held: 60)
    }

    @Test("A token's payout needs a condition on the contract and that token")
    func tokenPayout() throws {
        let pair = try HashChainStage(inTokens: true)
        let contract = Principal.contract(try pair.stage.identifier("hash-chains"))
        let asset = AssetIdentifier(
            contract: try pair.stage.identifier("test-token"), name: try #require(ClarityName("test-token")))
        let terms = try pair.terms()
        let token = ClarityValue.some(.principal(try pair.stage.identifier("test-token")))
        func fund(_ conditions: [PostCondition]) throws -> Outcome {
            try pair.stage.call(
                "hash-chains", "fund", [terms.value, .uint(100), token], by: pair.payer,
                under: PostConditions(.deny, conditions))
        }
        #expect(try fund([Self.stx(pair.payer.principal, 0)]) == .aborted("post-condition"))
        #expect(try fund([PostCondition(.origin, .fungible(asset, .equal, 100))]).ok != nil)
        func redeem(_ conditions: [PostCondition]) throws -> Outcome {
            try pair.stage.call(
                "hash-chains", "redeem",
                [.hash(try pair.channel(terms)), .uint(3), .hash(try pair.step(3, terms)), token], by: pair.stranger,
                under: PostConditions(.deny, conditions))
        }
        #expect(try redeem([]) == .aborted("post-condition"))
        #expect(
            try redeem([PostCondition(.principal(contract), .fungible(asset, .lessOrEqual, 15))]) == .ok(15))
    }

    @Test("Closing a two-way channel needs one condition on the contract, for both shares together")
    func closing() throws {
        let pair = try PaymentChannelStage()
        let contract = Principal.contract(try pair.stage.identifier("payment-channel"))
        let channel = try pair.open()
        _ = try pair.close(channel, pair.paid(300, nonce: 1), by: pair.recipient)
        pair.stage.advance(burn: 144)
        func settle(_ conditions: [PostCondition]) throws -> Outcome {
            try pair.stage.call(
                "payment-channel", "settle-disputed-channel", [.hash(channel)], by: pair.stranger,
                under: PostConditions(.deny, conditions))
        }
        #expect(try settle([]) == .aborted("post-condition"))
        #expect(try settle([Self.stx(contract, 300)]) == .aborted("post-condition"))
        try pair.expect(sender: 999_000, recipient: 1_000_000, locked: 1000)
        #expect(try settle([Self.stx(contract, 1000)]) == .ok(.bool(true)))
        try pair.expect(sender: 999_700, recipient: 1_000_300, locked: 0)
    }

    @Test("Opening a MicroSTX channel takes share and fee from A, and no more")
    func opening() throws {
        let pair = try MicroSTXStage()
        func open(_ amount: UInt128) throws -> Outcome {
            try pair.stage.call(
                "microstx", "open-channel", [pair.b.value, .uint(1_000_000), .uint(0)], by: pair.a,
                under: PostConditions(.deny, [Self.stx(pair.a.principal, amount)]))
        }
        #expect(try open(1_000_000) == .aborted("post-condition"))
        #expect(try open(1_010_000) == .ok(.uint(1)))
    }
}
