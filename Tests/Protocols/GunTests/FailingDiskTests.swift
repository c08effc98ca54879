// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingGun
import GRDB
import Testing

/// Relays whose file cannot be written for a while: somebody else has it locked, as a full or broken disk would have it.
@Suite("A relay whose disk fails", .timeLimit(.minutes(1)))
struct FailingDiskTests {
    private struct Ground {
        let place: Loopback
        let disk: DatabaseQueue

        init() async throws {
            place = try Loopback()
            let first = try await place.relay()
            await first.shutdown()
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            disk = try DatabaseQueue(path: place.file, configuration: configuration)
        }

        func fail() throws { try disk.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") } }
        func heal() throws { try disk.inDatabase { try $0.execute(sql: "ROLLBACK") } }
    }

    private func client(_ port: Int) async throws -> GunClient {
        try await Loopback.client(port) {
            $0.timing.acknowledgement = 200
            $0.timing.answer = 200
        }
    }

    @Test("tells nobody that anything is stored, by no answer either, and stores it once it can")
    func confirmsNothing() async throws {
        let ground = try await Ground()
        defer { ground.place.remove() }
        let relay = try await ground.place.relay()
        let (writer, reader) = (try await client(relay.port), try await client(relay.port))
        try await writer.put(["a": 1], at: "before")
        try ground.fail()
        await #expect(throws: GunError.unconfirmed) { try await writer.put(["a": 1], at: "s") }
        await #expect(throws: GunError.timedOut) { try await reader.get("s") }
        // All else goes on.
        #expect(try await reader.get("before", "a") == 1)
        #expect(try await reader.get("nowhere") == nil)
        try ground.heal()
        var receipt: GunReceipt?
        while receipt == nil { receipt = try? await writer.put(["b": 2], at: "s") }
        #expect(try await reader.get("s")?["a"] == 1)
        for client in [writer, reader] { await client.close() }
        await relay.shutdown()
        let again = try await ground.place.relay()
        #expect(await again.node("s")?["a"] == 1)
        #expect(await again.node("s")?["b"] == 2)
        await again.shutdown()
    }

    @Test("refuses more than it can keep for later, and loses nothing of what it took")
    func refuses() async throws {
        let ground = try await Ground()
        defer { ground.place.remove() }
        let relay = try await ground.place.relay { $0.limits.unwrittenBytes = 20_000 }
        let client = try await client(relay.port)
        try ground.fail()
        let text = String(repeating: "x", count: 1000)
        var refused: [Int] = []
        for number in 0..<40 {
            do {
                try await client.put(["n": .value(.text(text))], at: Soul("s\(number)"))
                Issue.record("\(number) was confirmed")
            } catch .refused(let reason) {
                #expect(reason.contains("file"))
                refused.append(number)
            } catch { #expect(error == .unconfirmed) }
        }
        #expect(!refused.isEmpty)
        let taken = Set(0..<40).subtracting(refused)
        #expect(taken.count > 5)
        // What waits for the disk cannot be made more by asking for it either.
        await #expect(throws: GunError.timedOut) { try await client.get("s0") }
        for number in refused { #expect(await relay.node(Soul("s\(number)")) == nil) }
        try ground.heal()
        var receipt: GunReceipt?
        while receipt == nil { receipt = try? await client.put(["n": 1], at: "after") }
        #expect(receipt == .acknowledged)
        await client.close()
        await relay.shutdown()
        let again = try await ground.place.relay()
        for number in taken { #expect(await again.node(Soul("s\(number)"))?["n"] == .text(text)) }
        await again.shutdown()
    }

    @Test("stops all the same, and says that it was not written")
    func stops() async throws {
        let ground = try await Ground()
        defer { ground.place.remove() }
        let relay = try await ground.place.relay()
        let client = try await client(relay.port)
        try ground.fail()
        await #expect(throws: GunError.unconfirmed) { try await client.put(["a": 1], at: "s") }
        await client.close()
        await relay.shutdown()
        try ground.heal()
        let again = try await ground.place.relay()
        #expect(await again.node("s") == nil)
        await again.shutdown()
    }
}
