// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import GRDB
import Testing

@testable import FarthingLedgerSettlement

/// Somebody changes what the rules keep of a channel, and hopes for the money of the others in the same contract.
@Suite("A state that was changed behind the ledger's back")
struct LedgerStateAttackTests {
    /// How a channel looks in the file: version, sender, receiver, token, challenge period, salt, deposit, withdrawn.
    private enum Place {
        static let receiver = 21
        static let deposit = 101
    }

    @Test(arguments: ["a greater deposit", "another receiver"])
    func `pays nobody out of other channels' money`(change: String) async throws {
        let stage = try await Stage.funded(2000)
        let (owed, other) = (try ProofChannel(stage), try ProofChannel(stage, salt: 2))
        try await owed.open(100)
        try await other.open(1000)
        try await stage.change(owed.channel) { state in
            if change == "another receiver" {
                let thief = stage.stranger.address.bytes
                state.replaceSubrange(Place.receiver..<(Place.receiver + 20), with: thief)
            } else {
                // 1000 in the place of 100.
                state.replaceSubrange((Place.deposit + 14)..<(Place.deposit + 16), with: [0x03, 0xe8])
            }
        }
        let said =
            change == "another receiver"
            ? "has terms that are not its own" : "says that it holds 1000, and it holds 100"
        let refusal = ContractError.settlement(
            .unavailable(reason: "its file is damaged: the channel \(owed.channel) \(said)"))
        await #expect(throws: refusal) { try await owed.send(owed.withdraw(change == "another receiver" ? 90 : 900)) }
        await #expect(throws: refusal) { try await owed.open(10, salt: 3) }
        await #expect(throws: refusal) {
            try await stage.ledger.contract(BalanceProofContract.self, of: owed.channel)
        }
        #expect(try await stage.holds(stage.receiver) == 0)
        #expect(try await stage.holds(stage.stranger) == 0)
        #expect(try await stage.ledger.audit().faults == ["Of a contract: the channel \(owed.channel) \(said)."])
        // The other's money is there, and is paid.
        try await other.send(other.withdraw(1000))
        #expect(try await stage.holds(stage.receiver) == 1000)
    }

    @Test func `finds every kind's state that cannot be read`() async throws {
        let stage = try await Stage.funded()
        let channel = try ProofChannel(stage)
        try await channel.open(100)
        for kind in ContractKind.allCases {
            try await stage.ledger.database.writeWithoutTransaction { db in
                try db.execute(sql: "UPDATE contract_channels SET kind = ?, state = x'ff'", arguments: [kind.rawValue])
            }
            let faults = try await stage.ledger.audit().faults
            #expect(faults.contains { $0.hasPrefix("Of a contract: the channel \(channel.channel): ") }, "\(kind)")
        }
    }
}

extension Stage {
    /// Changes what the rules keep of a channel, and nothing else.
    fileprivate func change(_ channel: ChannelID, _ change: @Sendable (inout [UInt8]) -> Void) async throws {
        try await ledger.database.writeWithoutTransaction { db in
            let found = try Row.fetchOne(
                db, sql: "SELECT state FROM contract_channels WHERE id = ?", arguments: [channel.column])
            var state = try #require(found).bytes("state")
            change(&state)
            try db.execute(
                sql: "UPDATE contract_channels SET state = ? WHERE id = ?",
                arguments: [state.column, channel.column])
        }
    }
}
