// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Foundation
import GRDB
import Synchronization
import Testing

@testable import FarthingLedgerSettlement

/// A ledger, one channel's people with their keys, and what they sign.
struct Stage {
    let ledger: Ledger
    let clock: TestClock
    let domain: SettlementDomain

    let payer = Party(0x11)
    let voucherKey = Party(0x66)
    let receiver = Party(0x22)
    let authorizer = Party(0x33)
    let stranger = Party(0x77)

    static let noon = Instant(unixSeconds: 1_800_000_000)
    static let token = makeToken(0xaa, name: "USDC")
    var token: Token { Self.token }

    init(
        path: String? = nil, clock: TestClock = TestClock(Stage.noon),
        contract: Address = SettlementDomain.standardContract
    ) throws {
        self.clock = clock
        domain = try #require(SettlementDomain(network: Network(evm: 84_532), contract: contract))
        ledger = try Ledger(path: path, domain: domain, clock: { clock.now })
    }

    /// With a token, and a payer who holds so much of it.
    static func funded(
        _ amount: UInt128 = 1000, path: String? = nil, clock: TestClock = TestClock(Stage.noon)
    ) async throws -> Stage {
        let stage = try Stage(path: path, clock: clock)
        try await stage.ledger.addToken(stage.token)
        if amount > 0 {
            try await stage.ledger.mint(to: stage.payer.address, token: token.address, amount: units(amount))
        }
        return stage
    }

    /// With a channel that holds so much.
    static func open(_ amount: UInt128 = 100, path: String? = nil) async throws -> Stage {
        let stage = try await funded(path: path)
        _ = try await stage.ledger.deposit(stage.deposit(amount))
        return stage
    }

    static func makeToken(_ byte: UInt8, name: String) -> Token {
        let address = Address(Array(repeating: byte, count: 20)) ?? .zero
        return Token(domain: TokenDomain(address: address, name: name, version: "2"), symbol: name, decimals: 6)
    }

    // MARK: - What people sign

    var terms: ChannelTerms {
        ChannelTerms(
            payer: payer.address, payerAuthorizer: voucherKey.address, receiver: receiver.address,
            receiverAuthorizer: authorizer.address, token: token.address, withdrawDelay: 900)
    }

    var channel: ChannelID { domain.channelID(of: terms) }

    func deposit(
        _ amount: UInt128, terms: ChannelTerms? = nil, token: Token? = nil, salt: UInt8 = 1, validAfter: UInt64 = 0,
        validBefore: UInt64 = UInt64(Stage.noon.unixSeconds) + 3600, by signer: Party? = nil
    ) -> SignedDeposit {
        let terms = terms ?? self.terms
        let salt = Hash32(Array(repeating: salt, count: 32)) ?? .zero
        let digest = domain.depositDigest(
            token: (token ?? self.token).domain, payer: terms.payer, amount: units(amount), validAfter: validAfter,
            validBefore: validBefore,
            nonce: SettlementDomain.depositNonce(channel: domain.channelID(of: terms), salt: salt))
        return SignedDeposit(
            terms: terms, amount: units(amount),
            authorization: TransferAuthorization(
                validAfter: validAfter, validBefore: validBefore, salt: salt,
                signature: (signer ?? payer).sign(digest)))
    }

    func transfer(
        _ amount: UInt128, to receiver: Address? = nil, token: Token? = nil, nonce: Hash32? = nil,
        validAfter: UInt64 = 0, validBefore: UInt64 = UInt64(Stage.noon.unixSeconds) + 3600, from payer: Party? = nil,
        by signer: Party? = nil
    ) -> SignedTransfer {
        let (token, payer) = (token ?? self.token, payer ?? self.payer)
        let receiver = receiver ?? self.receiver.address
        let nonce = nonce ?? Self.nonce(1)
        let digest = domain.transferDigest(
            token: token.domain, from: payer.address, to: receiver, amount: units(amount), validAfter: validAfter,
            validBefore: validBefore, nonce: nonce)
        return SignedTransfer(
            token: token.address, payer: payer.address, receiver: receiver, amount: units(amount),
            validAfter: validAfter, validBefore: validBefore, nonce: nonce, signature: (signer ?? payer).sign(digest))
    }

    static func nonce(_ byte: UInt8) -> Hash32 { Hash32(Array(repeating: byte, count: 32)) ?? .zero }

    func row(
        _ total: UInt128, ceiling: UInt128? = nil, terms: ChannelTerms? = nil, by signer: Party? = nil
    ) -> ClaimRow {
        let terms = terms ?? self.terms
        let ceiling = units(ceiling ?? total)
        let digest = domain.voucherDigest(channel: domain.channelID(of: terms), ceiling: ceiling)
        return ClaimRow(
            terms: terms, ceiling: ceiling, signature: (signer ?? voucherKey).sign(digest), total: units(total))
    }

    func authorization(of rows: [ClaimRow], by signer: Party? = nil) -> Signature {
        let digest = domain.claimBatchDigest(
            rows.map { (channel: domain.channelID(of: $0.terms), ceiling: $0.ceiling, total: $0.total) })
        return (signer ?? authorizer).sign(digest)
    }

    func refundOrder(
        _ amount: UInt128, nonce: UInt64 = 0, terms: ChannelTerms? = nil, by signer: Party? = nil
    ) -> RefundOrder {
        let terms = terms ?? self.terms
        let digest = domain.refundDigest(channel: domain.channelID(of: terms), nonce: nonce, amount: units(amount))
        return RefundOrder(
            terms: terms, amount: units(amount), nonce: nonce, signature: (signer ?? authorizer).sign(digest))
    }

    // MARK: - Doing and looking

    @discardableResult
    func claim(_ rows: ClaimRow..., by signer: Party? = nil) async throws -> [ClaimReceipt.Outcome] {
        try await ledger.claim(rows, authorization: authorization(of: rows, by: signer)).outcomes
    }

    func holds(_ party: Party) async throws -> UInt128 {
        try await ledger.balance(of: party.address, token: token.address).units
    }

    func snapshot() async throws -> ChannelSnapshot {
        try #require(try await ledger.snapshot(of: channel))
    }

    /// Every row of every table, in words.
    func rows() throws -> [String] {
        try ledger.database.read { db in
            let names = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            return try String.fetchAll(db, sql: names).flatMap { table in
                try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map { "\(table): \($0)" }.sorted()
            }
        }
    }

    /// How the tables are laid, but for white space and the quotes that SQLite sets when it renames.
    func schema() throws -> [String] {
        try ledger.database.read { db in
            try String.fetchAll(db, sql: "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").map {
                $0.filter { !$0.isWhitespace && $0 != "\"" }
            }
        }
    }

    /// Expects that `work` is refused for this reason, and that not one row changes.
    func expectRefusal(
        _ refusal: SettlementError, at location: SourceLocation = #_sourceLocation,
        _ work: (Stage) async throws -> Void
    ) async throws {
        let before = try rows()
        await #expect(throws: refusal, sourceLocation: location) { try await work(self) }
        #expect(try rows() == before, sourceLocation: location)
    }

    /// Expects that the books add up.
    func expectConserved(at location: SourceLocation = #_sourceLocation) async throws {
        let audit = try await ledger.audit()
        #expect(audit.faults == [], sourceLocation: location)
        #expect(audit.isConserved, sourceLocation: location)
    }
}

/// Somebody with a key, the same in every run.
struct Party: Sendable {
    private let signer: KeySigner

    /// - Parameter byte: 1 through 254; the key is this byte 32 times over.
    init(_ byte: UInt8) {
        guard let key = PrivateKey(Array(repeating: byte, count: 32)) else { preconditionFailure("No key: \(byte)") }
        signer = KeySigner(key)
    }

    var address: Address { signer.address }

    func sign(_ digest: Hash32) -> Signature { signer.signNow(digest) }
}

/// A clock that stands until a test moves it.
final class TestClock: Sendable {
    private let time: Mutex<Instant>
    init(_ time: Instant) { self.time = Mutex(time) }
    var now: Instant { time.withLock { $0 } }
    func set(_ now: Instant) { time.withLock { $0 = now } }
}

/// A directory that lasts as long as the call.
func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appending(path: "farthing-ledger-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try await body(directory.path())
}

func units(_ units: UInt128) -> Amount { Amount(units: units) }
