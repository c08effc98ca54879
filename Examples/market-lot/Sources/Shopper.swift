// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingPrimitives

/// Locks the value of all tickets once, and pays with a ticket each time.
actor Shopper {
    private let key = KeySigner(.random())
    private let domain: ContractDomain
    private var books: LotPayer
    nonisolated let terms: LotTerms
    nonisolated let lot: ChannelID

    init(
        tickets: UInt16, worth: Amount, on ledger: Ledger, _ token: Token, _ domain: ContractDomain
    ) async throws {
        self.domain = domain
        let deposit = worth.multiplied(by: UInt128(tickets)) ?? .max
        try await ledger.mint(to: key.address, token: token.address, amount: deposit)

        let secret = Hash32.random()
        let now = try await ledger.head().time.unixSeconds
        terms = LotTerms(
            payer: key.address, token: token.address, ticketCount: tickets, ticketValue: worth, commitment: .zero,
            closesAt: UInt64(now + 86_400), revealBlocks: 10, salt: .random()
        ).promising(secret, in: domain)
        books = try LotPayer(terms, secret: secret, in: domain)
        lot = books.id

        let leave = UnsignedFunding(
            payer: key.address, amount: deposit, validBefore: UInt64(now + 3600), salt: .random())
        let signature = key.signNow(domain.depositDigest(leave, on: terms, token: token.domain))
        let receipt = try await ledger.fund(LotContract.self, terms, with: leave.signed(signature))
        try books.observe(receipt.snapshot)
    }

    /// A ticket for a payee, as it is sent.
    func pay(_ payee: Address, at now: Instant) throws -> UnverifiedLotPayment {
        let ticket = try books.give(to: payee, at: now)
        // Store the books here: a ticket that is signed and forgotten would be given to somebody else as well.
        let signature = key.signNow(ticket.digest(for: books.id, in: domain))
        return UnverifiedLotPayment(terms: books.terms, ticket: ticket, signature: signature)
    }

    /// Reads the contract, and hands in what the books say.
    func act(on ledger: Ledger) async throws {
        guard let snapshot = try await ledger.contract(LotContract.self, of: books.id) else { return }
        try books.observe(snapshot)
        for order in books.orders(at: try await ledger.head()) {
            _ = try await ledger.carryOut(order, on: books.id, under: LotContract.self)
        }
    }
}
