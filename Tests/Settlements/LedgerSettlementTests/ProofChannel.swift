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
    private let parties: ProofParties

    init(_ stage: Stage, salt: UInt8 = 1) throws {
        self.stage = stage
        parties = try ProofParties(
            from: stage.payer, to: stage.receiver, in: stage.token, salt: Stage.nonce(salt), on: stage.domain.network)
    }

    var terms: BalanceProofTerms { parties.terms }
    var channel: ChannelID { parties.channel }

    /// Deposits, and opens the channel with the first.
    func open(_ amount: UInt128, salt: UInt8 = 1) async throws {
        let funding = stage.payer.funding(
            amount, of: terms, in: parties.domain, token: stage.token, salt: Stage.nonce(salt),
            validBefore: UInt64(Stage.noon.unixSeconds) + 3600)
        _ = try await stage.ledger.fund(BalanceProofContract.self, terms, with: funding)
    }

    @discardableResult
    func send(_ order: BalanceProofContract.Order) async throws -> ContractReceipt<BalanceProofContract> {
        try await stage.ledger.carryOut(order, on: channel, under: BalanceProofContract.self)
    }

    func withdraw(_ amount: UInt128) -> BalanceProofContract.Order { parties.withdraw(amount) }
    func dispute(_ amount: UInt128) -> BalanceProofContract.Order { parties.dispute(amount) }
    func requestClose(_ amount: UInt128) -> BalanceProofContract.Order { parties.requestClose(amount) }
}

extension Party {
    /// A deposit in a channel, from this party's account.
    ///
    /// - Parameter signer: Who signs it; `nil` for the party itself.
    func funding(
        _ amount: UInt128, of terms: some ContractTerms, in domain: ContractDomain, token: Token, salt: Hash32,
        validBefore: UInt64, by signer: Party? = nil
    ) -> Funding {
        let leave = UnsignedFunding(payer: address, amount: units(amount), validBefore: validBefore, salt: salt)
        let digest = domain.depositDigest(leave, on: terms, token: token.domain)
        return leave.signed((signer ?? self).sign(digest))
    }
}
