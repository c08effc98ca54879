// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

/// What two parties of a payment channel sign.
struct PaymentState {
    var senderAmount: UInt128
    var recipientAmount: UInt128
    var nonce: UInt128
    var senderDeposited: UInt128
    var recipientDeposited: UInt128 = 0
    var senderWithdrawn: UInt128 = 0
    var recipientWithdrawn: UInt128 = 0

    var totals: ClarityValue {
        .fields([
            "sender-deposited": .uint(senderDeposited), "recipient-deposited": .uint(recipientDeposited),
            "sender-withdrawn": .uint(senderWithdrawn), "recipient-withdrawn": .uint(recipientWithdrawn),
        ])
    }

    func message(_ topic: String, channel: Hash32) -> ClarityValue {
        .fields([
            "topic": .text(topic), "channel-id": .hash(channel), "sender-amount": .uint(senderAmount),
            "recipient-amount": .uint(recipientAmount), "nonce": .uint(nonce),
            "sender-deposited": .uint(senderDeposited), "recipient-deposited": .uint(recipientDeposited),
            "sender-withdrawn": .uint(senderWithdrawn), "recipient-withdrawn": .uint(recipientWithdrawn),
        ])
    }
}

/// Two parties, a stranger, and the contract payment-channel.
struct PaymentChannelStage: ContractStage {
    static let contract = "payment-channel"
    static let riches: UInt128 = 1_000_000

    let stage: Stage
    var sender: Account { stage.alice }
    var recipient: Account { stage.bob }
    var stranger: Account { stage.carol }

    init() throws {
        stage = try Stage(deploying: [Self.contract])
        try Self.endow([sender, recipient, stranger], on: stage)
    }

    // MARK: - Calls

    func open(_ amount: UInt128 = 1000, blocks: UInt128 = 144) throws -> Hash32 {
        let answer = try call("open-channel", [recipient.value, .uint(blocks), .uint(amount)], by: sender)
        return try #require(answer.ok?.hash)
    }

    func deposit(_ channel: Hash32, _ amount: UInt128, by account: Account) throws -> Outcome {
        try call("deposit", [.hash(channel), .uint(amount)], by: account)
    }

    /// Hands in a state: `function` is `close-channel`, `withdraw` or `close-together`.
    func hand(
        _ function: String, _ channel: Hash32, _ state: PaymentState, by account: Account, topic: String? = nil,
        signers: (Account, Account)? = nil, signatures: ([UInt8], [UInt8])? = nil, contract: String = contract
    ) throws -> Outcome {
        let topic = topic ?? (function == "close-together" ? "payment-channel-close" : "payment-channel-state")
        let digest = try digest(state.message(topic, channel: channel))
        let (first, second) = signers ?? (sender, recipient)
        let (firstSignature, secondSignature) = signatures ?? (first.sign(digest), second.sign(digest))
        return try stage.call(
            contract, function,
            [
                .hash(channel), .uint(state.senderAmount), .uint(state.recipientAmount), .uint(state.nonce),
                .buffer(firstSignature), .buffer(secondSignature), state.totals,
            ], by: account)
    }

    func close(_ channel: Hash32, _ state: PaymentState, by account: Account) throws -> Outcome {
        try hand("close-channel", channel, state, by: account)
    }

    func forceClose(_ channel: Hash32, by account: Account) throws -> Outcome {
        try call("force-close-channel", [.hash(channel)], by: account)
    }

    func settle(_ channel: Hash32, by account: Account) throws -> Outcome {
        try call("settle-disputed-channel", [.hash(channel)], by: account)
    }

    // MARK: - Looking

    func details(_ channel: Hash32) throws -> ClarityValue {
        try stage.read(Self.contract, "get-channel-details", [.hash(channel)])
    }

    func total() throws -> UInt128? { try stage.read(Self.contract, "get-total-locked", []).number }

    /// A state in which the recipient has so much of the sender's deposit.
    func paid(_ amount: UInt128, nonce: UInt128, of deposit: UInt128 = 1000) -> PaymentState {
        PaymentState(
            senderAmount: deposit - amount, recipientAmount: amount, nonce: nonce, senderDeposited: deposit)
    }

    /// Expects what the two parties have, and that the contract holds what it says.
    func expect(
        sender senderHas: UInt128, recipient recipientHas: UInt128, locked: UInt128,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try stage.balance(sender) == senderHas, sourceLocation: location)
        #expect(try stage.balance(recipient) == recipientHas, sourceLocation: location)
        #expect(try total() == locked, sourceLocation: location)
        #expect(try stage.balance(of: Self.contract) == locked, sourceLocation: location)
    }
}
