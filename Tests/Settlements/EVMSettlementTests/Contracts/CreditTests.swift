// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Money that a token would not move", .timeLimit(.minutes(5)))
struct CreditTests {
    typealias Credit = EVMSettlement.Credit

    /// A channel of each of two kinds, ended while the token refused: the payee is owed 35 and 30, the payer 70.
    private func owed(_ stage: ContractStage) async throws -> (token: Address, code: JSON) {
        let token = stage.token.address
        let chain = try await HashChainSettlementTests.pair(stage).chain
        let proofs = try BalanceProofSettlementTests.pair(stage).chain
        for (channel, domain, pay) in [
            (
                chain.channel, chain.domain,
                { try await stage.settlement.fund(HashChainContract.self, chain.terms, with: $0).transaction }
            ),
            (
                proofs.channel, proofs.domain,
                { try await stage.settlement.fund(BalanceProofContract.self, proofs.terms, with: $0).transaction }
            ),
        ] as [(ChannelID, ContractDomain, (Funding) async throws -> TransactionID?)] {
            #expect(try await pay(stage.funding(100, by: stage.payer, of: channel, at: domain)) != nil)
        }
        let code = try await stage.devnet.barTransfers(of: token.hex)
        _ = try await stage.settlement.carryOut(
            .redeem(HashChainSettlementTests.step(7, chain)), on: chain.channel, under: HashChainContract.self)
        let end = BalanceProofSettlementTests.together(30, proofs, by: stage.payer, and: stage.payee)
        _ = try await stage.settlement.carryOut(end, on: proofs.channel, under: BalanceProofContract.self)
        return (token, code)
    }

    private func credit(_ kind: ContractKind, _ token: Address, _ units: UInt128) -> Credit {
        Credit(kind: kind, token: token, amount: Amount(units: units))
    }

    @Test func `waits for its owner, who has it paid once the token moves it again`() async throws {
        try await ContractStage.open { stage in
            let (token, code) = try await owed(stage)
            let settlement = stage.settlement
            let due = [credit(.balanceProof, token, 30), credit(.hashChain, token, 35)]
            #expect(try await settlement.credits(of: stage.payee.address, in: [token]) == due)
            #expect(try await settlement.credits(of: stage.payer.address, in: []) == [credit(.balanceProof, token, 70)])
            #expect(try await settlement.credits(of: stage.other.address, in: [token]).isEmpty)
            #expect(try await stage.balance(stage.payee) == ContractStage.riches)

            let payee = try stage.another(signer: 2)
            for credit in due {
                await #expect(throws: SettlementError.self, "the token still refuses") {
                    try await payee.collect(credit, to: stage.payee.address)
                }
            }
            #expect(try await settlement.credits(of: stage.payee.address, in: [token]) == due)
            try await stage.devnet.ask("anvil_setCode", .string(token.hex), code)
            for credit in due { try await payee.collect(credit, to: stage.payee.address) }
            #expect(try await stage.balance(stage.payee) == ContractStage.riches + 65)
            #expect(try await settlement.credits(of: stage.payee.address, in: [token]).isEmpty)
            for credit in due {
                await #expect(throws: SettlementError.self, "it is paid once") {
                    try await payee.collect(credit, to: stage.payee.address)
                }
            }
            await payee.shutdown()
            #expect(try await stage.balance(stage.payee) == ContractStage.riches + 65)
        }
    }

    @Test func `goes where its owner says, and where nobody else does`() async throws {
        try await ContractStage.open { stage in
            let (token, code) = try await owed(stage)
            try await stage.devnet.ask("anvil_setCode", .string(token.hex), code)
            let thief = try stage.another(signer: 3)
            for credit in [credit(.balanceProof, token, 30), credit(.hashChain, token, 35)] {
                await #expect(throws: SettlementError.self) {
                    try await thief.collect(credit, to: stage.other.address)
                }
            }
            await thief.shutdown()
            let payee = try stage.another(signer: 2)
            for credit in try await payee.credits(of: payee.account, in: [token]) {
                try await payee.collect(credit, to: stage.keyholder.address)
            }
            await payee.shutdown()
            #expect(try await stage.balance(stage.keyholder) == ContractStage.riches + 65)
            #expect(try await stage.balance(stage.other) == ContractStage.riches)
        }
    }
}
