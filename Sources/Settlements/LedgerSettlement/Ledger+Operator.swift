// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// What only whoever runs the ledger may do. On a chain others do these things: the token's issuer, the miners.
extension Ledger {
    /// Makes a token known; the same token a second time changes nothing.
    public func addToken(_ token: Token) async throws(TokenError) {
        guard token.address != .zero, !isContract(token.address) else {
            throw .addressTaken(token.address)
        }
        guard (0...38).contains(token.decimals) else { throw .decimalsOutOfRange(token.decimals) }
        let other: Token?
        do {
            other = try await change { try $0.add(token) }
        } catch {
            throw .settlement(error)
        }
        if let other { throw .differs(stored: other) }
    }

    /// All tokens, in the order of their addresses.
    public func tokens() async throws(SettlementError) -> [Token] {
        try await read { try $0.tokens() }
    }

    /// Makes new money and gives it to an account.
    ///
    /// - Throws: `SettlementError.overflow` when more than 2¹²⁸ − 1 would ever have been made of
    ///   the token.
    @discardableResult
    public func mint(
        to account: Address, token: Address, amount: Amount
    ) async throws(SettlementError) -> TransactionID {
        try await change { try $0.mint(amount, of: token, to: account) }
    }

    /// All accounts that ever held anything, also the contract's own, where the channels' money is.
    public func accounts() async throws(SettlementError) -> [LedgerAccount] {
        try await read { try $0.accounts() }
    }

    /// How many channels of vouchers hold money that only this receiver may claim, or its payers take back.
    public func channelsWithMoney(for receiver: Address) async throws(SettlementError) -> Int {
        try await read { book in
            try book.channels().count { $0.terms.receiver == receiver && !$0.available.isZero }
        }
    }

    /// What is allowed in channels of one kind.
    public func limits(of kind: ContractKind) async throws(SettlementError) -> ContractLimits {
        try await read { try $0.limits(of: kind) }
    }

    /// Changes what is allowed in channels of one kind; those that are open stay as they are.
    ///
    /// - Throws: ``LimitsError/notKept(_:by:)`` for a limit that the rules of this kind do not keep; as a
    ///   ``LimitsError/settlement(_:)``, `SettlementError.invalidReceiver(_:)` for a fee that goes to nobody.
    public func setLimits(_ limits: ContractLimits, of kind: ContractKind) async throws(LimitsError) {
        let idle = limits.set.subtracting(kind.keptLimits)
        if let limit = ContractLimits.Name.allCases.first(where: idle.contains) { throw .notKept(limit, by: kind) }
        do { try await change { try $0.setLimits(limits, of: kind) } } catch { throw .settlement(error) }
    }

    /// Lets blocks and time pass, for good: the file remembers how far its clock is ahead.
    ///
    /// - Parameter seconds: How much later it is to be; `nil` for what is missing of a second for each of the blocks. A
    ///   contract's period of so many blocks has passed only then.
    /// - Returns: The newest block.
    @discardableResult
    public func advance(blocks: UInt64 = 1, seconds: UInt64? = nil) async throws(SettlementError) -> Block {
        try await change { try $0.advance(blocks: blocks, seconds: seconds) }
    }

    /// Counts everything twice, from the tables and from the log of events, and compares.
    public func audit() async throws(SettlementError) -> LedgerAudit {
        try await read { book in
            var auditor = Auditor(book: book)
            return try auditor.audit()
        }
    }
}
