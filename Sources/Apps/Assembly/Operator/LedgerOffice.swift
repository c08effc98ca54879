// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
public import FarthingPrimitives

/// What an operator does with an embedded ledger, also while nodes use it.
public struct LedgerOffice: Sendable {
    /// An account with the token that it is in.
    public struct Account: Hashable, Sendable {
        public let owner: Address
        public let token: Token
        public let balance: Amount
        /// Whether it holds what is locked in channels.
        public let isContract: Bool
    }

    /// Where all money is, and whether that is where the events say that it went.
    public struct Audit: Hashable, Sendable {
        /// Where the money of one token is; the parts make up what was minted.
        public struct Totals: Hashable, Sendable {
            public let token: Address
            public let symbol: String
            public let minted: Amount
            /// In accounts, outside channels.
            public let held: Amount
            /// In channels of vouchers, and claimed of them and not paid out.
            public let locked: Amount
            /// In channels of all other kinds.
            public let inContracts: Amount
        }

        public let height: UInt64
        public let events: UInt64
        public let totals: [Totals]
        /// What does not add up, in words for the operator.
        public let faults: [String]
        public var isConserved: Bool { faults.isEmpty }
    }

    private let ledger: Ledger

    public var network: Network { ledger.domain.network }

    /// - Parameter network: Makes a ledger for this chain when there is none; `nil` opens only one that is there.
    /// - Throws: `StoreError`.
    public init(path: String, newOn network: Network? = nil) throws {
        do {
            ledger = try Ledger(existing: path)
        } catch StoreError.missing(let path) {
            guard let network, let domain = SettlementDomain(network: network) else {
                throw StoreError.missing(path: path)
            }
            ledger = try Ledger(path: path, domain: domain)
        }
    }

    public func accounts() async throws -> [Account] {
        let tokens = try await ledger.tokens()
        return try await ledger.accounts().compactMap { account in
            tokens.first { $0.address == account.token }.map {
                Account(
                    owner: account.owner, token: $0, balance: account.balance,
                    isContract: ledger.isContract(account.owner))
            }
        }
    }

    /// - Returns: What the account holds now.
    public func mint(_ amount: Amount, of token: Token, to account: Address) async throws -> Amount {
        try await ledger.addToken(token)
        try await ledger.mint(to: account, token: token.address, amount: amount)
        return try await ledger.balance(of: account, token: token.address)
    }

    public func advance(blocks: UInt64, seconds: UInt64) async throws -> Block {
        try await ledger.advance(blocks: blocks, seconds: seconds)
    }

    /// Counts every unit, and replays every event.
    public func audit() async throws -> Audit {
        let (audit, tokens) = (try await ledger.audit(), try await ledger.tokens())
        return Audit(
            height: audit.block.height, events: audit.events,
            totals: audit.totals.map { totals in
                Audit.Totals(
                    token: totals.token, symbol: tokens.first { $0.address == totals.token }?.symbol ?? "",
                    minted: totals.minted, held: totals.held, locked: totals.locked, inContracts: totals.inContracts)
            }, faults: audit.faults)
    }

    public func events(after sequence: UInt64, limit: Int) async throws -> [SettlementEvent] {
        try await ledger.events(after: sequence, limit: limit)
    }
}
