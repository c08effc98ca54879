// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingGun
import Foundation
import Logging
import Synchronization
import Testing

@Suite("A GUN relay that is killed", .timeLimit(.minutes(3)))
struct GunRelayKillTests {
    /// What the relay said that it has stored.
    private final class Receipts: Sendable {
        private let written = Mutex<[Soul: [NodeKey: GunValue]]>([:])
        private let isOver = Atomic(false)

        var all: [Soul: [NodeKey: GunValue]] { written.withLock { $0 } }
        var count: Int { all.values.reduce(0) { $0 + $1.count } }

        func end() { isOver.store(true, ordering: .relaxed) }

        /// Writes one key after the other until the end, each once.
        func gather(_ writer: Int, from client: GunClient) async throws {
            var step = 0
            while !isOver.load(ordering: .relaxed) {
                step += 1
                let soul = Soul("writer/\(writer)/\(step / 1000)")
                let key = NodeKey("k\(step)")
                let value = GunValue.number(Double(step))
                // However it ends, it is stored then: the relay shows nothing that is not.
                try await client.put(.object([key: .value(value)]), at: soul)
                written.withLock { $0[soul, default: [:]][key] = value }
            }
        }
    }

    private static func start(_ listen: String, in folder: TemporaryFolder) async throws -> (ChildProcess, String) {
        let relay = try ChildProcess(
            ["gun", "relay", "--listen", listen, "--store", folder.file("graph.sqlite"), "--json"], folder: folder.path)
        _ = try await eventually(within: .seconds(60)) { relay.said("listening") != nil || !relay.isRunning }
        let address = try #require(relay.said("listening")?["listening"]?.stringValue, "\(relay.errors)")
        return (relay, address)
    }

    private static func client(_ address: String) async throws -> GunClient {
        var configuration = GunClientConfiguration()
        configuration.reconnection = .milliseconds(50)
        configuration.maximumReconnection = .milliseconds(200)
        configuration.connectionTimeout = .seconds(60)
        configuration.timing.acknowledgement = 60_000
        configuration.timing.answer = 60_000
        let silent = Logger(label: "gun.tests") { _ in SwiftLogNoOpLogHandler() }
        return try await GunClient.connect(to: [address], configuration: configuration, logger: silent)
    }

    @Test func `under load, has all that it acknowledged, and its clients go on`() async throws {
        let folder = try TemporaryFolder()
        var (relay, address) = try await Self.start("127.0.0.1:0", in: folder)
        let port = try #require(URL(string: address)?.port)
        let client = try await Self.client(address)
        let reader = try await Self.client(address)
        let changes = try await reader.follow("after")
        let receipts = Receipts()
        defer { receipts.end() }
        let writing = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 { group.addTask { try await receipts.gather(writer, from: client) } }
                try await group.waitForAll()
            }
        }
        for round in 1...4 {
            let goal = receipts.count + 20
            try #require(try await eventually(within: .seconds(60)) { receipts.count >= goal }, "round \(round)")
            relay.send(SIGKILL)
            #expect(try await relay.exitCode() == -SIGKILL)
            (relay, address) = try await Self.start("127.0.0.1:\(port)", in: folder)
        }
        // The writers go on by themselves, and so does who follows.
        let goal = receipts.count + 20
        #expect(try await eventually(within: .seconds(60)) { receipts.count >= goal })
        receipts.end()
        try await writing.value
        try await client.put(["n": 1], at: "after")
        let heard = await changes.first { $0.value == 1 }
        #expect(heard?.key == "n")
        await client.close()
        await reader.close()
        // Nobody is left who could write anything again.
        relay.send(SIGKILL)
        #expect(try await relay.exitCode() == -SIGKILL)
        (relay, address) = try await Self.start("127.0.0.1:\(port)", in: folder)
        let stranger = try await Self.client(address)
        for (soul, written) in receipts.all {
            let node = try await stranger.get(soul)
            let lost = written.filter { node?[$0.key] != $0.value }
            #expect(lost.isEmpty, "of \(soul.text)")
        }
        await stranger.close()
        relay.send(SIGTERM)
        #expect(try await relay.exitCode() == 0)
    }
}
