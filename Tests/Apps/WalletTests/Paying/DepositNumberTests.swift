// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Foundation
import Testing

@testable import FarthingWallet

@Suite("The numbers of deposits that are transactions of their payer")
struct DepositNumberTests {
    private let network = Network(stacks: 1)
    private let payer = PrivateKey.random().address
    private let noon = Instant(unixSeconds: 1_800_000_000)

    private func take(
        _ journal: Journal, from used: UInt64 = 7, for seconds: Int64 = 60, at time: Int64 = 0,
        of account: Address? = nil
    ) async throws -> UInt64 {
        let now = noon.advanced(bySeconds: time)
        return try await journal.takeDepositNumber(
            of: account ?? payer, on: network, from: used, until: now.advanced(bySeconds: seconds), at: now)
    }

    @Test func `are the first that are free, and free again when they are out of date or given back`() async throws {
        let journal = try Journal(path: nil)
        #expect(try await take(journal, for: 60) == 7)
        #expect(try await take(journal, for: 30) == 8)
        #expect(try await take(journal, for: 90) == 9)
        #expect(try await take(journal, at: 29) == 10)
        #expect(try await take(journal, at: 30) == 8)
        try await journal.giveBack(depositNumber: 9, of: payer, on: network)
        #expect(try await take(journal, at: 30) == 9)
        // What is in blocks is nobody's any more.
        #expect(try await take(journal, from: 10, at: 30) == 11)
        #expect(try await take(journal, from: 12, at: 30) == 12)
        // A re-org takes them out again.
        #expect(try await take(journal, from: 10, at: 30) == 10)
    }

    @Test func `are had again by the deposit that had them, unless another has them`() async throws {
        let journal = try Journal(path: nil)
        func again(at time: Int64, for seconds: Int64 = 60) async throws -> Bool {
            let now = noon.advanced(bySeconds: time)
            return try await journal.takeAgain(
                depositNumber: 7, of: payer, on: network, until: now.advanced(bySeconds: seconds), at: now)
        }
        #expect(try await take(journal, for: 60) == 7)
        #expect(try await again(at: 59) == false)
        #expect(try await again(at: 60))
        #expect(try await again(at: 61) == false)
        #expect(try await take(journal, at: 61) == 8)
        #expect(try await take(journal, at: 120) == 7)
        #expect(try await again(at: 121) == false)
        // One that nobody has.
        try await journal.giveBack(depositNumber: 7, of: payer, on: network)
        #expect(try await again(at: 121))
        #expect(try await take(journal, at: 121) == 8)
    }

    @Test func `are each account's and each chain's own`() async throws {
        let journal = try Journal(path: nil)
        #expect(try await take(journal) == 7)
        #expect(try await take(journal, of: PrivateKey.random().address) == 7)
        let test = try await journal.takeDepositNumber(
            of: payer, on: Network(stacks: 2_147_483_648), from: 7, until: noon.advanced(bySeconds: 60), at: noon)
        #expect(test == 7)
        #expect(try await take(journal) == 8)
    }

    @Test func `are never handed out twice, by however many processes at once`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "numbers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "journal").path(percentEncoded: false)
        let journals = try (0..<4).map { _ in try Journal(path: path) }
        let numbers = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for index in 0..<24 { group.addTask { try await take(journals[index % 4]) } }
            return try await group.reduce(into: [UInt64]()) { $0.append($1) }
        }
        #expect(numbers.sorted() == Array(7..<31))
    }

    @Test(arguments: [UInt64(1) << 63, .max])
    func `are not counted from where no account comes`(used: UInt64) async throws {
        let journal = try Journal(path: nil)
        await #expect(throws: SettlementError.unavailable(reason: "the account's number is too high")) {
            try await take(journal, from: used)
        }
    }
}
