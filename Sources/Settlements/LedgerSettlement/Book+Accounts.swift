// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import GRDB

extension Book {
    // MARK: - Tokens

    func token(_ address: Address) throws -> Token? {
        try row("SELECT * FROM tokens WHERE address = ?", address.column).map(token)
    }

    func tokens() throws -> [Token] {
        try rows("SELECT * FROM tokens ORDER BY address").map(token)
    }

    private func token(_ row: Row) throws -> Token {
        Token(
            domain: TokenDomain(
                address: try row.address("address"), name: try row.text("name"), version: try row.text("version")),
            symbol: try row.text("symbol"), decimals: Int(try row.integer("decimals")))
    }

    /// Adds a token; the same one a second time changes nothing.
    ///
    /// - Returns: The token that is there already under this address and is another, if there is one.
    func add(_ token: Token) throws -> Token? {
        if let stored = try self.token(token.address) { return stored == token ? nil : stored }
        try seal(posting("token", token.address.bytes))
        try run(
            "INSERT INTO tokens (address, name, version, symbol, decimals, supply) VALUES (?, ?, ?, ?, ?, ?)",
            token.address.column, token.domain.name, token.domain.version, token.symbol, token.decimals,
            Amount.zero.column)
        return nil
    }

    func supplies() throws -> [Address: Amount] {
        try rows("SELECT address, supply FROM tokens")
            .reduce(into: [:]) { $0[try $1.address("address")] = try $1.amount("supply") }
    }

    /// Makes new money.
    ///
    /// All that was ever made of a token fits into one amount, so no sum of accounts overflows.
    func mint(_ amount: Amount, of token: Address, to owner: Address) throws -> TransactionID {
        guard owner != .zero else { throw SettlementError.invalidTerms }
        guard !isContract(owner) else { throw SettlementError.notAuthorized(owner) }
        guard !amount.isZero else { throw SettlementError.zeroAmount }
        guard let row = try row("SELECT supply FROM tokens WHERE address = ?", token.column) else {
            throw SettlementError.unknownToken(token)
        }
        guard let supply = try row.amount("supply").adding(amount) else { throw SettlementError.overflow }
        let posting = posting("mint", owner.bytes + token.bytes + Array(amount.column))
        try seal(posting)
        try run("UPDATE tokens SET supply = ? WHERE address = ?", supply.column, token.column)
        try credit(amount, of: token, to: owner)
        try append(.minted(account: owner, token: token, amount: amount), to: posting)
        return posting.transaction
    }

    // MARK: - Accounts

    func balance(of owner: Address, token: Address) throws -> Amount {
        let sql = "SELECT balance FROM accounts WHERE owner = ? AND token = ?"
        return try row(sql, owner.column, token.column)?.amount("balance") ?? .zero
    }

    func accounts() throws -> [LedgerAccount] {
        try rows("SELECT owner, token, balance FROM accounts ORDER BY token, owner").map { row in
            LedgerAccount(
                owner: try row.address("owner"), token: try row.address("token"), balance: try row.amount("balance"))
        }
    }

    /// Moves money from one account to another, which may be the contract's.
    func move(_ amount: Amount, of token: Address, from payer: Address, to payee: Address) throws {
        guard let rest = try balance(of: payer, token: token).subtracting(amount) else {
            throw LedgerFault(reason: "the account \(payer) is to pay \(amount), and holds less")
        }
        try setBalance(rest, of: payer, token: token)
        try credit(amount, of: token, to: payee)
    }

    private func credit(_ amount: Amount, of token: Address, to owner: Address) throws {
        guard let sum = try balance(of: owner, token: token).adding(amount) else {
            throw LedgerFault(reason: "the account \(owner) would hold more than was minted")
        }
        try setBalance(sum, of: owner, token: token)
    }

    private func setBalance(_ balance: Amount, of owner: Address, token: Address) throws {
        try run(
            """
            INSERT INTO accounts (owner, token, balance) VALUES (?, ?, ?)
            ON CONFLICT (owner, token) DO UPDATE SET balance = excluded.balance
            """, owner.column, token.column, balance.column)
    }
}
