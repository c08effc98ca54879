// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

/// People with money, and one contract that they call.
protocol ContractStage {
    static var contract: String { get }
    /// What each of the people has in the beginning.
    static var riches: UInt128 { get }
    var stage: Stage { get }
}

extension ContractStage {
    func call(_ function: String, _ arguments: [ClarityValue], by account: Account) throws -> Outcome {
        try stage.call(Self.contract, function, arguments, by: account)
    }

    /// What is signed of a message to the contract.
    func digest(_ message: ClarityValue) throws -> Hash32 {
        SignedMessage.digest(of: message, for: try stage.identifier(Self.contract))
    }

    /// What an account has of a token, or in STX.
    func balance(_ account: Account, of token: ContractIdentifier?) throws -> UInt128 {
        guard let token else { return try stage.balance(account) }
        return try stage.read(token.name.text, "get-balance", [account.value]).number ?? 0
    }

    /// What the contract has of a token, or in STX.
    func held(of token: ContractIdentifier?) throws -> UInt128 {
        guard let token else { return try stage.balance(of: Self.contract) }
        let contract = ClarityValue.principal(try stage.identifier(Self.contract))
        return try stage.read(token.name.text, "get-balance", [contract]).number ?? 0
    }

    /// Gives people STX, and as much of each token.
    static func endow(_ people: [Account], on stage: Stage, with tokens: [String] = []) throws {
        for account in people {
            try stage.fund(account, with: riches)
            for token in tokens {
                let minted = try stage.call(token, "mint", [.uint(riches), account.value], by: stage.carol)
                #expect(minted == .ok(.bool(true)))
            }
        }
    }
}

/// A payer and a receiver of channels that are in STX or in the test token.
protocol PaidStage: ContractStage {
    /// What channels are in; `nil` for STX.
    var token: ContractIdentifier? { get }
}

extension PaidStage {
    var payer: Account { stage.alice }
    var receiver: Account { stage.bob }
    var stranger: Account { stage.carol }
    var authorizer: Account { stage.dave }

    static func open(inTokens: Bool) throws -> (stage: Stage, token: ContractIdentifier?) {
        let stage = try Stage(deploying: ["test-token", contract])
        try endow([stage.alice, stage.bob, stage.carol, stage.dave], on: stage, with: inTokens ? ["test-token"] : [])
        return (stage, inTokens ? try stage.identifier("test-token") : nil)
    }

    /// What an account has of what is paid with.
    func balance(_ account: Account, token: ContractIdentifier?? = nil) throws -> UInt128 {
        try balance(account, of: token ?? self.token)
    }

    /// What the contract has of it.
    func held(token: ContractIdentifier?? = nil) throws -> UInt128 { try held(of: token ?? self.token) }

    func expect(
        payer payerHas: UInt128, receiver receiverHas: UInt128, held expected: UInt128,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try balance(payer) == payerHas, sourceLocation: location)
        #expect(try balance(receiver) == receiverHas, sourceLocation: location)
        #expect(try held() == expected, sourceLocation: location)
    }
}
