// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingPrimitives

/// Sells for tickets.
actor Stall {
    nonisolated let name: String
    private let key = KeySigner(.random())
    private var books: LotPayee?

    init(name: String) { self.name = name }

    nonisolated var address: Address { key.address }
    /// What its tickets are worth, on average.
    var sold: Amount { books?.earned ?? .zero }

    /// Checks a ticket.
    ///
    /// - Returns: The order that enters it. Until that is carried out, the ticket is worth nothing.
    func take(
        _ payment: UnverifiedLotPayment, for price: Amount, on ledger: Ledger, _ token: Address,
        _ domain: ContractDomain
    ) async throws -> LotContract.Order {
        var books = try self.books ?? LotPayee(payment.terms, payee: address, in: domain)
        guard let lot = try await ledger.contract(LotContract.self, of: books.id) else { throw CancellationError() }
        let policy = LotPayee.Policy(token: token, mostValue: Amount(units: 1000))
        let order = try books.take(payment.verified(in: domain), for: price, under: policy, in: lot, at: lot.block.time)
        self.books = books
        return order
    }

    /// Reads the contract, and hands in what the books say.
    func act(on ledger: Ledger) async throws {
        guard let orders = try await look(on: ledger)?.orders(at: try await ledger.head()) else { return }
        for order in orders {
            guard let id = books?.id else { return }
            _ = try await ledger.carryOut(order, on: id, under: LotContract.self)
        }
    }

    /// Hears what the lot has paid.
    ///
    /// - Returns: How it ended for this stall.
    func hear(_ amount: Amount, on ledger: Ledger) async throws -> String {
        _ = try await look(on: ledger)
        try books?.paidOut(amount)
        switch books?.outcome {
        case .won: return "won"
        case .lost: return "lost"
        case .shared: return "shared"
        case nil: return "not known"
        }
    }

    private func look(on ledger: Ledger) async throws -> LotPayee? {
        guard let id = books?.id, let lot = try await ledger.contract(LotContract.self, of: id) else { return nil }
        try books?.observe(lot)
        return books
    }
}
