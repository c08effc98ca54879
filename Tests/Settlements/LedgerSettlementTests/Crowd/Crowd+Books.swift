// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import GRDB
import Testing

@testable import FarthingLedgerSettlement

/// What the crowd asks of the ledger, and what it expects of the answer.
extension Crowd {
    // MARK: - Deposits

    func funding<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, _ amount: UInt128, by payer: Party, signedBy signer: Party? = nil
    ) throws -> Funding {
        payer.funding(
            amount, of: terms, in: try domain(of: Rules.kind), token: token(of: terms.token), salt: nextSalt(),
            validBefore: 4_102_444_800, by: signer)
    }

    /// Makes a deposit that must be taken.
    ///
    /// - Parameter fee: What of it goes to the till at once.
    @discardableResult
    func fund<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, _ amount: UInt128, by payer: Party, fee: UInt128 = 0
    ) async throws -> Funding {
        let funding = try funding(rules, terms, amount, by: payer)
        let id = terms.channelID(in: try domain(of: Rules.kind))
        let receipt = try await stage.ledger.fund(rules, terms, with: funding)
        let fees = fee == 0 ? [] : [Payout(to: till.address, units(fee))]
        #expect(receipt.transaction != nil && receipt.payouts == fees, moment)
        let contract = ContractDomain.ledgerAddress(of: Rules.kind)
        move(amount, of: terms.token, from: payer.address, to: contract)
        move(fee, of: terms.token, from: contract, to: till.address)
        sums[id, default: Sums()].deposited += amount - fee
        return funding
    }

    func refuseFunding<Rules: ContractRules>(
        _ code: String, _ rules: Rules.Type, _ terms: Rules.Terms, _ amount: UInt128, by payer: Party,
        signedBy signer: Party? = nil
    ) async throws {
        let funding = try funding(rules, terms, amount, by: payer, signedBy: signer)
        try await refuse(code) { [ledger = stage.ledger] in _ = try await ledger.fund(rules, terms, with: funding) }
    }

    /// Makes the same deposit a second time, which changes nothing.
    func repeatFunding<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, _ funding: Funding
    ) async throws {
        let before = try imprint()
        let receipt = try await stage.ledger.fund(rules, terms, with: funding)
        #expect(receipt.transaction != nil && receipt.payouts == [], moment)
        #expect(try imprint() == before, moment)
    }

    // MARK: - Orders

    /// Hands in an order that must be carried out, and books what it must pay.
    ///
    /// - Parameters:
    ///   - payers: Whoever put the money in: what they are paid is no payment.
    ///   - payouts: In the contract's order, without those of nothing.
    func carryOut<Rules: ContractRules>(
        _ order: Rules.Order, on id: ChannelID, under rules: Rules.Type, in token: Address, payers: [Address],
        paying payouts: [(to: Address, amount: UInt128)] = []
    ) async throws {
        let receipt = try await stage.ledger.carryOut(order, on: id, under: rules)
        #expect(receipt.transaction != nil, moment)
        #expect(receipt.payouts == payouts.filter { $0.amount > 0 }.map { Payout(to: $0.to, units($0.amount)) }, moment)
        for payout in payouts {
            move(payout.amount, of: token, from: ContractDomain.ledgerAddress(of: Rules.kind), to: payout.to)
            if payers.contains(payout.to) {
                sums[id, default: Sums()].returned += payout.amount
            } else {
                sums[id, default: Sums()].captured += payout.amount
            }
        }
    }

    /// Hands in an order that was carried out before, which changes nothing.
    func repeatOrder<Rules: ContractRules>(
        _ order: Rules.Order, on id: ChannelID, under rules: Rules.Type
    ) async throws {
        let before = try imprint()
        let receipt = try await stage.ledger.carryOut(order, on: id, under: rules)
        #expect(receipt.transaction == nil && receipt.payouts == [], moment)
        #expect(try imprint() == before, moment)
    }

    func refuseOrder<Rules: ContractRules>(
        _ code: String, _ order: Rules.Order, on id: ChannelID, under rules: Rules.Type
    ) async throws {
        try await refuse(code) { [ledger = stage.ledger] in _ = try await ledger.carryOut(order, on: id, under: rules) }
    }

    /// Does what must be refused for this reason, and must not change one row.
    func refuse(_ code: String, _ work: () async throws -> Void) async throws {
        let before = try imprint()
        do {
            try await work()
            Issue.record("It was taken, and should have been refused as \(code), \(moment)")
        } catch let error as any ExplainedError {
            #expect(error.code == code, "\(error.message), \(moment)")
        }
        #expect(try imprint() == before, moment)
    }

    // MARK: - Money

    func mint(_ amount: UInt128, to account: Address, _ token: Token) async throws {
        try await stage.ledger.mint(to: account, token: token.address, amount: units(amount))
        minted[token.address, default: 0] += amount
        accounts[Positions.Holding(owner: account, token: token.address), default: 0] += amount
    }

    func move(_ amount: UInt128, of token: Address, from payer: Address, to payee: Address) {
        let held = holds(payer, token)
        #expect(held >= amount, "the crowd's own books, \(moment)")
        accounts[Positions.Holding(owner: payer, token: token)] = held - min(held, amount)
        accounts[Positions.Holding(owner: payee, token: token), default: 0] += amount
    }

    func holds(_ account: Address, _ token: Address) -> UInt128 {
        accounts[Positions.Holding(owner: account, token: token)] ?? 0
    }

    func domain(of kind: ContractKind) throws -> ContractDomain {
        try #require(ContractDomain(kind, on: stage.domain.network))
    }

    // MARK: - Checks

    /// Whether each account and each channel holds what the crowd's own books say.
    func check() async throws {
        let tables = try await stage.ledger.read { book in
            (
                accounts: try book.accounts(), supplies: try book.supplies(), vouchers: try book.channels(),
                contracts: try book.rows("SELECT id, locked FROM contract_channels").map { row in
                    (id: try row.channelID("id"), locked: try row.amount("locked"))
                }
            )
        }
        let held = tables.accounts.reduce(into: [Positions.Holding: UInt128]()) { held, account in
            held[Positions.Holding(owner: account.owner, token: account.token)] = account.balance.units
        }
        #expect(held.filter { $0.value > 0 } == accounts.filter { $0.value > 0 }, moment)
        for token in tokens {
            let sum = held.filter { $0.key.token == token.address }.values.reduce(0, +)
            #expect(sum == minted[token.address] && tables.supplies[token.address]?.units == sum, moment)
        }
        for (id, locked) in tables.contracts { #expect(locked.units == sums[id]?.locked, "\(id), \(moment)") }
        for channel in tables.vouchers {
            let sums = sums[channel.id] ?? Sums()
            #expect(channel.totalDeposited.units == sums.deposited, "\(channel.id), \(moment)")
            #expect(channel.balance.units == sums.deposited - sums.returned, "\(channel.id), \(moment)")
            #expect(channel.totalClaimed.units == sums.captured, "\(channel.id), \(moment)")
        }
        #expect(tables.vouchers.count + tables.contracts.count == sums.count, moment)
        for (id, sums) in sums {
            #expect(sums.captured <= sums.authorised, "\(id), \(moment)")
            #expect(sums.authorised <= sums.deposited, "\(id), \(moment)")
        }
        let head = try await stage.ledger.head()
        #expect(head.height >= now.height && head.time >= now.time, moment)
        now = head
        noteDecidedLots()
    }

    /// All that the ledger's file says, in a line for each table; of what is only ever added to, how much there is.
    func imprint() throws -> [String] {
        try stage.ledger.database.read { db in
            let sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            return try String.fetchAll(db, sql: sql).map { table in
                let columns = try db.columns(in: table).map { "quote(\($0.name))" }.joined(separator: " || ',' || ")
                let isLog = ["authorizations", "events"].contains(table)
                let content = isLog ? "count(*) || ' rows'" : "group_concat(\(columns), ';')"
                return "\(table): \(try String.fetchOne(db, sql: "SELECT \(content) FROM \(table)") ?? "nothing")"
            }
        }
    }
}
