// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import Testing

/// The terms of a hash-chain channel as Clarity has them.
struct ClarityChainTerms {
    var payer: ClarityValue
    var receiver: ClarityValue
    var receiverAuthorizer: ClarityValue
    /// The token's contract; `nil` for STX.
    var token: ContractIdentifier?
    var anchor = Hash32.zero
    var stepCount: UInt128 = 20
    var stepAmount: UInt128 = 5
    var expiry = UInt128(Stage.noon) + 5000
    var salt = Hash32.zero

    var value: ClarityValue {
        .fields([
            "payer": payer, "receiver": receiver, "receiver-authorizer": receiverAuthorizer,
            "token": VoucherTerms.optional(token), "anchor": .hash(anchor), "step-count": .uint(stepCount),
            "step-amount": .uint(stepAmount), "expiry": .uint(expiry), "salt": .hash(salt),
        ])
    }

    /// What the tag is the digest of.
    var tagMessage: ClarityValue {
        .fields([
            "topic": .text("hash-chain-tag"), "payer": payer, "receiver": receiver,
            "receiver-authorizer": receiverAuthorizer, "token": VoucherTerms.optional(token),
            "step-count": .uint(stepCount), "step-amount": .uint(stepAmount), "expiry": .uint(expiry),
            "salt": .hash(salt),
        ])
    }
}

/// A payer, a receiver with an authorizer, a stranger, and the contract hash-chains.
struct HashChainStage: PaidStage {
    static let contract = "hash-chains"
    static let riches: UInt128 = 1_000_000
    static let secret = Keccak256.hash(utf8: "the end of a chain")

    let stage: Stage
    /// `nil` for STX.
    let token: ContractIdentifier?

    init(inTokens: Bool = false) throws {
        (stage, token) = try Self.open(inTokens: inTokens)
    }

    // MARK: - Chains

    /// Terms with the chain whose end is ``secret``.
    func terms(steps: UInt128 = 20, _ change: (inout ClarityChainTerms) -> Void = { _ in }) throws -> ClarityChainTerms
    {
        var terms = ClarityChainTerms(
            payer: payer.value, receiver: receiver.value, receiverAuthorizer: authorizer.value, token: token)
        terms.stepCount = steps
        change(&terms)
        terms.anchor = try step(0, terms)
        return terms
    }

    func tag(_ terms: ClarityChainTerms) throws -> Hash32 { try digest(terms.tagMessage) }

    func channel(_ terms: ClarityChainTerms) throws -> Hash32 {
        try digest(
            .fields([
                "topic": .text("hash-chain-channel"), "tag": .hash(try tag(terms)), "anchor": .hash(terms.anchor),
            ]))
    }

    /// A step of the chain, made by the code that payers and payees use.
    func step(_ index: UInt128, _ terms: ClarityChainTerms) throws -> Hash32 {
        let count = UInt32(clamping: min(terms.stepCount, 65_535))
        guard index <= UInt128(count) else { return .zero }
        return HashChain.step(UInt32(index), from: Self.secret, at: count, tag: try tag(terms))
    }

    func closeDigest(_ channel: Hash32, _ index: UInt128) throws -> Hash32 {
        try digest(
            .fields(["topic": .text("hash-chain-close"), "channel-id": .hash(channel), "index": .uint(index)]))
    }

    // MARK: - Calls

    func fund(
        _ terms: ClarityChainTerms, _ amount: UInt128? = nil, by account: Account? = nil,
        token: ContractIdentifier?? = nil
    ) throws -> Outcome {
        try call(
            "fund",
            [
                terms.value, .uint(amount ?? terms.stepCount &* terms.stepAmount),
                VoucherTerms.optional(token ?? terms.token),
            ], by: account ?? payer)
    }

    func redeem(
        _ index: UInt128, _ terms: ClarityChainTerms, step: Hash32? = nil, token: ContractIdentifier?? = nil
    ) throws -> Outcome {
        try call(
            "redeem",
            [
                .hash(try channel(terms)), .uint(index), .hash(try step ?? self.step(index, terms)),
                VoucherTerms.optional(token ?? terms.token),
            ], by: stranger)
    }

    func close(
        _ index: UInt128, _ terms: ClarityChainTerms, signedBy signer: Account? = nil, step: Hash32? = nil,
        token: ContractIdentifier?? = nil
    ) throws -> Outcome {
        let channel = try channel(terms)
        let signature = (signer ?? authorizer).sign(try closeDigest(channel, index))
        return try call(
            "close",
            [
                .hash(channel), .uint(index), .hash(try step ?? self.step(index, terms)), .some(.buffer(signature)),
                VoucherTerms.optional(token ?? terms.token),
            ], by: stranger)
    }

    func reclaim(_ terms: ClarityChainTerms, token: ContractIdentifier?? = nil) throws -> Outcome {
        try call(
            "reclaim", [.hash(try channel(terms)), VoucherTerms.optional(token ?? terms.token)], by: stranger)
    }

    // MARK: - Looking

    func details(_ terms: ClarityChainTerms) throws -> ClarityValue {
        try stage.read(Self.contract, "get-channel", [.hash(try channel(terms))])
    }

    static func closed(earned: UInt128, rest: UInt128) -> Outcome {
        .ok(.fields(["earned": .uint(earned), "rest": .uint(rest)]))
    }
}
