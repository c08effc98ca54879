// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingStacks
import Testing

/// The embedded ledger beside a contract: both are told the same, and must answer alike and pay alike.
struct LedgerTwin {
    let ledger: Ledger
    /// Stand for STX, and for the test token.
    let tokens: [Token]
    private let people: [Account]

    /// - Parameter riches: What each of the people has of both tokens.
    init(of people: [Account], with riches: UInt128) async throws {
        self.people = people
        let domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
        ledger = try Ledger(path: nil, domain: domain) { Instant(unixSeconds: Int64(Stage.noon)) }
        tokens = ([0xaa, 0xbb] as [UInt8]).map { byte in
            let address = Address(Array(repeating: byte, count: 20)) ?? .zero
            return Token(domain: TokenDomain(address: address, name: "T", version: "1"), symbol: "T", decimals: 6)
        }
        for token in tokens {
            try await ledger.addToken(token)
            for account in people {
                try await ledger.mint(to: account.address, token: token.address, amount: Amount(units: riches))
            }
        }
    }

    func token(_ address: Address) throws -> Token { try #require(tokens.first { $0.address == address }) }

    /// So much time passes on both sides.
    func advance(_ stage: Stage, seconds: UInt64) async throws -> (Outcome, [String]) {
        try await ledger.advance(blocks: 1, seconds: seconds)
        stage.advance(seconds: seconds)
        return (.ok(.bool(true)), ["(ok true)"])
    }

    /// What the contract must say where the ledger does this, or throws that.
    ///
    /// - Parameter codes: The numbers by which the contract refuses what the ledger refuses with these codes.
    static func expected(
        _ codes: [String: [UInt128]], _ work: () async throws -> String
    ) async throws -> [String] {
        do { return [try await work()] } catch let error as any ExplainedError {
            return try #require(codes[error.code], "\(error)").map { "(err u\($0))" }
        }
    }

    /// Expects that the contract has answered as it must.
    ///
    /// - Returns: What was done, and what came of it.
    static func compare(_ action: String, _ answer: Outcome, _ expected: [String], in log: inout WalkLog) -> String {
        log.add(action, answer)
        #expect(expected.contains("\(answer)"), "\(action): \(answer) where the ledger says \(expected)")
        return "\(action): \(answer)"
    }

    /// Expects that everybody has the same on both sides, and that as much is locked.
    ///
    /// - Parameters:
    ///   - contract: The account on the ledger in which money is locked.
    ///   - balance: What somebody has on the other side, of the first or the second token.
    ///   - held: What the contract has there.
    func compareMoney(
        lockedIn contract: Address, _ moment: String, balance: (Account, Int) throws -> UInt128,
        held: (Int) throws -> UInt128
    ) async throws {
        for (side, token) in tokens.enumerated() {
            for account in people {
                let expected = try await ledger.balance(of: account.address, token: token.address).units
                #expect(try balance(account, side) == expected, "\(moment)")
            }
            let locked = try await ledger.balance(of: contract, token: token.address).units
            #expect(try held(side) == locked, "\(moment)")
        }
        // All that was ever booked adds up; to look takes longer with each order.
        guard try await ledger.head().height.isMultiple(of: 50) else { return }
        let audit = try await ledger.audit()
        #expect(audit.faults == [], "\(moment)")
    }
}
