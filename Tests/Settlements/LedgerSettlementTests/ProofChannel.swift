// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

/// A channel of balance proofs from the stage's payer to its receiver, whose end may be challenged for 500 blocks.
struct ProofChannel {
    let stage: Stage
    let terms: BalanceProofTerms
    let domain: ContractDomain

    init(_ stage: Stage, salt: UInt8 = 1) throws {
        self.stage = stage
        domain = try #require(stage.ledger.contractDomain(of: .balanceProof))
        terms = BalanceProofTerms(
            sender: stage.payer.address, receiver: stage.receiver.address, token: stage.token.address,
            challengeBlocks: 500, salt: Stage.nonce(salt))
    }

    var channel: ChannelID { terms.channelID(in: domain) }

    /// Deposits, and opens the channel with the first.
    func open(_ amount: UInt128, salt: UInt8 = 1) async throws {
        let leave = UnsignedFunding(
            payer: stage.payer.address, amount: units(amount), validBefore: UInt64(Stage.noon.unixSeconds) + 3600,
            salt: Stage.nonce(salt))
        let digest = domain.depositDigest(leave, on: terms, token: stage.token.domain)
        _ = try await stage.ledger.fund(
            BalanceProofContract.self, terms, with: leave.signed(stage.payer.sign(digest)))
    }

    @discardableResult
    func send(_ order: BalanceProofContract.Order) async throws -> ContractReceipt<BalanceProofContract> {
        try await stage.ledger.carryOut(order, on: channel, under: BalanceProofContract.self)
    }

    func withdraw(_ amount: UInt128) -> BalanceProofContract.Order {
        .withdraw(balance: units(amount), proof: proof(amount))
    }

    func dispute(_ amount: UInt128) -> BalanceProofContract.Order {
        .dispute(balance: units(amount), proof: proof(amount))
    }

    func requestClose(_ amount: UInt128) -> BalanceProofContract.Order {
        let digest = BalanceProofContract.requestDigest(of: channel, balance: units(amount), in: domain)
        return .requestClose(balance: units(amount), signature: stage.payer.sign(digest))
    }

    private func proof(_ amount: UInt128) -> Signature {
        stage.payer.sign(BalanceProofContract.proofDigest(of: channel, balance: units(amount), in: domain))
    }
}
