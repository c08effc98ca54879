// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingSQLiteStore
import Foundation
import Synchronization
import Testing

func units(_ amount: UInt128) -> Amount { Amount(units: amount) }

/// A hash that is no key, which turns up once in 2^128.
private struct NoKey: Error {}

/// Somebody with a key.
func person(_ name: String) throws -> KeySigner {
    guard let key = PrivateKey(Keccak256.hash(utf8: "the key of \(name)").bytes) else { throw NoKey() }
    return KeySigner(key)
}

/// A real ledger in a file, people with money on it, and a folder for their stores.
struct Stage {
    let folder: String
    let ledger: Ledger
    let clock: TestClock
    let alice: KeySigner
    let bob: KeySigner
    /// Does whatever helps her.
    let mallory: KeySigner
    let token: Token

    /// Runs `body` on a stage in a folder of its own, which is gone afterwards.
    static func run(_ body: (Stage) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "farthing-client-apis-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stage = try await Stage(folder)
        try await body(stage)
        let audit = try await stage.ledger.audit()
        #expect(audit.faults == [])
    }

    private init(_ folder: String) async throws {
        self.folder = folder
        let clock = TestClock()
        self.clock = clock
        let domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
        ledger = try Ledger(path: folder + "/ledger.db", domain: domain, clock: { clock.now })
        (alice, bob, mallory) = (try person("Alice"), try person("Bob"), try person("Mallory"))
        let address = try #require(Address(hex: "0x" + String(repeating: "ab", count: 20)))
        token = Token(
            domain: TokenDomain(address: address, name: "Test Token", version: "2"), symbol: "TEST", decimals: 6)
        try await ledger.addToken(token)
        for account in [alice.address, bob.address, mallory.address] {
            try await ledger.mint(to: account, token: address, amount: units(1000))
        }
    }

    /// A store of somebody's own, in a file.
    func store(_ name: String) throws -> SQLiteStore { try SQLiteStore(path: "\(folder)/\(name).store") }

    /// The files of a store as they are on the disk this moment, as a power cut would leave them.
    func storeAfterCrash(of name: String, as copy: String) throws -> SQLiteStore {
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: "\(folder)/\(name).store\(suffix)") {
            try FileManager.default.copyItem(
                atPath: "\(folder)/\(name).store\(suffix)", toPath: "\(folder)/\(copy).store\(suffix)")
        }
        return try store(copy)
    }

    func holds(_ account: KeySigner) async throws -> UInt128 {
        try await ledger.balance(of: account.address, token: token.address).units
    }

    func wait(blocks: UInt64 = 1, seconds: Int64 = 0) async throws {
        clock.advance(bySeconds: seconds)
        try await ledger.advance(blocks: blocks)
    }
}

/// A clock that stands still until it is told to go on.
final class TestClock: Sendable {
    private let moment = Mutex(Instant(unixSeconds: 1_800_000_000))

    var now: Instant { moment.withLock { $0 } }

    func advance(bySeconds seconds: Int64) {
        moment.withLock { $0 = $0.advanced(bySeconds: seconds) }
    }
}
