// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import Foundation
import Testing

@Suite("The ledger's blocks and its log")
struct LedgerClockTests {
    @Test func `every change makes one block, and looking makes none`() async throws {
        let stage = try Stage()
        #expect(try await stage.ledger.head() == Block(height: 0, time: Stage.noon))
        try await stage.ledger.addToken(stage.token)
        try await stage.ledger.mint(to: stage.payer.address, token: stage.token.address, amount: units(50))
        #expect(try await stage.ledger.head().height == 2)
        let receipt = try await stage.ledger.deposit(stage.deposit(50))
        #expect(receipt.snapshot.block.height == 3)
        _ = try await stage.ledger.audit()
        #expect(try await stage.ledger.head().height == 3)
    }

    @Test func `time goes on without blocks, and never goes back`() async throws {
        let stage = try await Stage.funded()
        stage.clock.set(Stage.noon.advanced(bySeconds: 60))
        #expect(try await stage.ledger.head().time == Stage.noon.advanced(bySeconds: 60))
        _ = try await stage.ledger.deposit(stage.deposit(10))
        stage.clock.set(Stage.noon.advanced(bySeconds: -600))
        #expect(try await stage.ledger.head().time == Stage.noon.advanced(bySeconds: 60))
        let receipt = try await stage.ledger.deposit(stage.deposit(10, salt: 2))
        #expect(receipt.snapshot.block.time == Stage.noon.advanced(bySeconds: 60))
    }

    @Test func `a clock that was wrong leaves nothing before the first block, and a copy mends it after that`()
        async throws
    {
        let (files, year) = (FileManager.default, Int64(31_536_000))
        try await withDirectory { directory in
            let paths = (ledger: directory + "/ledger.db", copy: directory + "/copy.db")
            do { _ = try await Stage.funded(path: paths.ledger) }
            for suffix in ["", "-wal"] where files.fileExists(atPath: paths.ledger + suffix) {
                try files.copyItem(atPath: paths.ledger + suffix, toPath: paths.copy + suffix)
            }
            let stage = try Stage(path: paths.ledger)
            stage.clock.set(Stage.noon.advanced(bySeconds: year))
            #expect(try await stage.ledger.head().time == Stage.noon.advanced(bySeconds: year))
            stage.clock.set(Stage.noon)
            #expect(try await stage.ledger.head().time == Stage.noon)

            stage.clock.set(Stage.noon.advanced(bySeconds: year))
            let late = UInt64(Stage.noon.unixSeconds + year) + 3600
            _ = try await stage.ledger.deposit(stage.deposit(10, validBefore: late))
            stage.clock.set(Stage.noon)
            #expect(try await stage.ledger.head().time == Stage.noon.advanced(bySeconds: year))

            let restored = try Stage(path: paths.copy)
            #expect(try await restored.ledger.head().time == Stage.noon)
            let receipt = try await restored.ledger.deposit(restored.deposit(10))
            #expect(receipt.snapshot.block.time == Stage.noon)
            try await restored.expectConserved()
        }
    }

    @Test func `advancing moves the clock for good`() async throws {
        let stage = try Stage()
        let block = try await stage.ledger.advance(blocks: 3, seconds: 900)
        #expect(block == Block(height: 3, time: Stage.noon.advanced(bySeconds: 900)))
        #expect(try await stage.ledger.head() == block)
        stage.clock.set(Stage.noon.advanced(bySeconds: 5))
        #expect(try await stage.ledger.head().time == Stage.noon.advanced(bySeconds: 905))
    }

    @Test(arguments: [(UInt64.max, UInt64(0)), (0, .max), (0, 1 << 40), (1 << 53, 0)])
    func `does not advance past the end of time`(blocks: UInt64, seconds: UInt64) async throws {
        let stage = try await Stage.open()
        try await stage.expectRefusal(.overflow) {
            try await $0.ledger.advance(blocks: blocks, seconds: seconds)
        }
    }

    @Test func `tells its events in pages, without a gap`() async throws {
        let stage = try await Stage.open(100)
        for total: UInt128 in 1...20 { try await stage.claim(stage.row(total)) }
        var read: [SettlementEvent] = []
        while true {
            let page = try await stage.ledger.events(after: read.last?.sequence ?? 0, limit: 7)
            if page.isEmpty { break }
            read += page
        }
        #expect(read.map(\.sequence) == Array(1...23))
        #expect(read == (try await stage.ledger.events(after: 0, limit: .max)))
    }

    @Test(arguments: [(UInt64.max, 10), (0, 0), (0, -1)])
    func `tells nothing when nothing was asked for`(after: UInt64, limit: Int) async throws {
        let stage = try await Stage.open()
        #expect(try await stage.ledger.events(after: after, limit: limit) == [])
    }

    @Test func `lists tokens and accounts, the contract's own among them`() async throws {
        let stage = try await Stage.open(100)
        let other = Stage.makeToken(0x01, name: "Other")
        try await stage.ledger.addToken(other)
        #expect(try await stage.ledger.tokens() == [other, stage.token])
        #expect(try await stage.ledger.token(other.address) == other)
        #expect(try await stage.ledger.token(stage.payer.address) == nil)
        let accounts = try await stage.ledger.accounts()
        let expected = [
            LedgerAccount(owner: stage.domain.contract, token: stage.token.address, balance: units(100)),
            LedgerAccount(owner: stage.payer.address, token: stage.token.address, balance: units(900)),
        ]
        #expect(Set(accounts) == Set(expected))
        #expect(accounts.count == 2)
    }
}
