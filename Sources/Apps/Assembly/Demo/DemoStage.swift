// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives

/// Where a demo's money is.
protocol DemoStage: Sendable {
    /// Where the node is to settle, and in which token.
    func configure(_ configuration: inout NodeConfiguration)

    /// Makes the node's account ready, once its files are there.
    func prepare(_ node: PaymentNode) async throws

    /// What payers read, and where they take their money out.
    func view(of node: PaymentNode) throws -> any SettlementView

    /// Gives a payer money.
    func mint(_ amount: Amount, to payer: Address, at node: PaymentNode) async throws

    /// Lets time pass there.
    func leap(seconds: Int64) async throws

    /// The accounts in which money is locked.
    func contracts(of node: PaymentNode) -> [Address]

    /// What a recount finds.
    func audit(_ node: PaymentNode) async throws -> DemoReport.Audit

    func end() async
}

/// Money that is simulated, on a ledger in the demo's folder.
struct LedgerStage: DemoStage {
    func configure(_ configuration: inout NodeConfiguration) {}
    func prepare(_ node: PaymentNode) async throws {}
    func view(of node: PaymentNode) throws -> any SettlementView { try Self.ledger(of: node) }

    func mint(_ amount: Amount, to payer: Address, at node: PaymentNode) async throws {
        try await Self.ledger(of: node).mint(to: payer, token: node.configuration.token.address, amount: amount)
    }

    /// Its blocks have the time of the demo's clock.
    func leap(seconds: Int64) async throws {}

    func contracts(of node: PaymentNode) -> [Address] {
        [node.settlement.domain.contract] + ContractKind.allCases.map(ContractDomain.ledgerAddress)
    }

    func audit(_ node: PaymentNode) async throws -> DemoReport.Audit {
        let audit = try await Self.ledger(of: node).audit()
        return DemoReport.Audit(faults: audit.faults, events: audit.events, gas: [])
    }

    func end() async {}

    private static func ledger(of node: PaymentNode) throws -> Ledger {
        guard let ledger = node.ledger else { throw ConfigurationError.missing(key: "ledger") }
        return ledger
    }
}
