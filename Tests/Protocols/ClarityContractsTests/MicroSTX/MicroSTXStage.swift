// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

/// What two participants of a MicroSTX channel sign.
struct MicroSTXState {
    var balanceA: UInt128
    var balanceB: UInt128
    var nonce: UInt128

    func message(_ topic: String, channel: UInt128) -> ClarityValue {
        .fields([
            "topic": .text(topic), "channel-id": .uint(channel), "balance-a": .uint(balanceA),
            "balance-b": .uint(balanceB), "nonce": .uint(nonce),
        ])
    }
}

/// Two participants, a stranger, the owner, and the contract microstx.
struct MicroSTXStage: ContractStage {
    static let contract = "microstx"
    static let riches: UInt128 = 2_000_000_000_000
    static let fee: UInt128 = 10_000

    let stage: Stage
    var owner: Account { stage.deployer }
    var a: Account { stage.alice }
    var b: Account { stage.bob }
    var stranger: Account { stage.carol }
    var people: [Account] { [owner, a, b, stranger] }

    init() throws {
        stage = try Stage(deploying: [Self.contract])
        try Self.endow(people, on: stage)
    }

    // MARK: - Calls

    func tryOpen(
        _ amountA: UInt128, _ amountB: UInt128, by account: Account? = nil, with partner: ClarityValue? = nil
    ) throws -> Outcome {
        try call(
            "open-channel", [partner ?? b.value, .uint(amountA), .uint(amountB)], by: account ?? a)
    }

    /// A channel into which A has put 10 STX, and B may put so much.
    func open(_ amountA: UInt128 = 10_000_000, _ amountB: UInt128 = 0) throws -> UInt128 {
        try #require(try tryOpen(amountA, amountB).ok?.number)
    }

    func fund(_ channel: UInt128, _ amount: UInt128, by account: Account? = nil) throws -> Outcome {
        try call("fund-channel", [.uint(channel), .uint(amount)], by: account ?? b)
    }

    func signatures(
        _ channel: UInt128, _ state: MicroSTXState, _ topic: String, by signers: (Account, Account)? = nil
    ) throws -> (digest: Hash32, a: ClarityValue, b: ClarityValue) {
        let digest = try digest(state.message(topic, channel: channel))
        let (first, second) = signers ?? (a, b)
        return (digest, .buffer(first.sign(digest)), .buffer(second.sign(digest)))
    }

    func update(
        _ channel: UInt128, _ state: MicroSTXState, by account: Account, signers: (Account, Account)? = nil,
        hash: Hash32? = nil
    ) throws -> Outcome {
        let signed = try signatures(channel, state, "microstx-state", by: signers)
        return try call(
            "update-channel",
            [
                .uint(channel), .uint(state.balanceA), .uint(state.balanceB), .uint(state.nonce),
                .hash(hash ?? signed.digest), signed.a, signed.b,
            ], by: account)
    }

    /// Hands in a state: `function` is `close-channel` or `initiate-dispute`.
    func hand(
        _ function: String, _ channel: UInt128, _ state: MicroSTXState, by account: Account, topic: String? = nil,
        signers: (Account, Account)? = nil
    ) throws -> Outcome {
        let topic = topic ?? (function == "close-channel" ? "microstx-close" : "microstx-state")
        let signed = try signatures(channel, state, topic, by: signers)
        return try call(
            function,
            [
                .uint(channel), .uint(state.balanceA), .uint(state.balanceB), .uint(state.nonce), signed.a, signed.b,
            ], by: account)
    }

    func dispute(_ channel: UInt128, _ state: MicroSTXState, by account: Account) throws -> Outcome {
        try hand("initiate-dispute", channel, state, by: account)
    }

    /// A dispute with what is recorded, which needs no signatures.
    func disputeRecorded(_ channel: UInt128, by account: Account) throws -> Outcome {
        let details = try details(channel)
        func number(_ name: String) -> ClarityValue { .uint(details[name]?.number ?? 0) }
        return try call(
            "initiate-dispute",
            [
                .uint(channel), number("balance-a"), number("balance-b"), number("nonce"), .buffer([]), .buffer([]),
            ], by: account)
    }

    func resolve(_ channel: UInt128, by account: Account) throws -> Outcome {
        try call("resolve-dispute", [.uint(channel)], by: account)
    }

    func emergency(_ channel: UInt128, by account: Account) throws -> Outcome {
        try call("emergency-close", [.uint(channel)], by: account)
    }

    // MARK: - Looking

    func details(_ channel: UInt128) throws -> ClarityValue {
        try stage.read(Self.contract, "get-channel-details", [.uint(channel)])
    }

    func count(of account: Account) throws -> UInt128? {
        try stage.read(Self.contract, "get-user-channel-count", [account.value]).number
    }

    func locked() throws -> UInt128? { try stage.read(Self.contract, "get-contract-stats", [])["total-locked"]?.number }

    /// Expects what the participants have got or lost, fees left out, and that the contract holds what it says.
    func expect(
        a gainA: Int, b gainB: Int, locked expected: UInt128, fees: UInt128 = 1,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try change(a) + Int(fees * Self.fee) == gainA, sourceLocation: location)
        #expect(try change(b) == gainB, sourceLocation: location)
        #expect(try locked() == expected, sourceLocation: location)
        #expect(try stage.balance(of: Self.contract) == expected, sourceLocation: location)
        let balance = try stage.read(Self.contract, "get-contract-balance", [])
        #expect(balance == .uint(expected), sourceLocation: location)
    }

    private func change(_ account: Account) throws -> Int {
        Int(try stage.balance(account)) - Int(Self.riches)
    }
}
