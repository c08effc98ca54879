// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingPrimitives

/// Alice, who pays, and Bob, who is paid, each with a store of its own.
struct Shop {
    let stage: Stage
    let alice: Payments
    let bob: Payments

    init(_ stage: Stage, aliceStore: (any ChannelStore)? = nil, bobStore: (any ChannelStore)? = nil) throws {
        self.stage = stage
        alice = try Self.payments(stage, by: stage.alice, store: try aliceStore ?? stage.store("alice"))
        bob = try Self.payments(stage, by: stage.bob, store: try bobStore ?? stage.store("bob"))
    }

    static func payments(
        _ stage: Stage, by signer: any Signer, store: any ChannelStore, options: PaymentsOptions = PaymentsOptions()
    ) throws -> Payments {
        try Payments(
            settlement: stage.ledger, token: stage.token.address, accounts: [signer], store: store, options: options)
    }

    /// Opens a channel, which Bob is told of.
    @discardableResult
    func open(_ deposit: UInt128 = 100) async throws -> PaymentChannel {
        let channel = try await alice.openChannel(
            from: stage.alice.address, to: stage.bob.address, deposit: units(deposit))
        try await bob.setChannel(named: channel.id)
        return channel
    }

    /// Pays, and has Bob take it.
    @discardableResult
    func pay(_ amount: UInt128) async throws -> BalanceProof {
        let proof = try await alice.incrementBalanceAndSign(units(amount))
        try await bob.receivePayment(proof.unverified)
        try await alice.confirmPayment(proof.unverified)
        return proof
    }
}
