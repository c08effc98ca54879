// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation
import Testing

@Suite("A store that cannot be used", .timeLimit(.minutes(3)))
struct StoreTroubleTests {
    private let folder: TemporaryFolder
    private let upstream: TestUpstream

    init() throws {
        folder = try TemporaryFolder()
        upstream = try TestUpstream()
    }

    private var serving: [String] {
        ["--upstream", upstream.url, "--price", "1000", "--pay-to", Shop.receiver, "--store", folder.file("store")]
    }

    private func expect(
        _ exitCode: Int32, _ code: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await Farthing.run(arguments + ["--json"], in: folder)
        #expect(outcome.exitCode == exitCode, "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.code == code, "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
    }

    private func expectNoService(_ exitCode: Int32, _ code: String) async throws {
        try await expect(exitCode, code, ["serve", "--listen", "127.0.0.1:0"] + serving)
    }

    /// Makes a store and its ledger, with nothing in them.
    private func makeStore() async throws {
        #expect(try await ServeProcess.start(serving, in: folder).stop() == 0)
    }

    /// Overwrites bytes of a file.
    private func overwrite(_ name: String, at offset: UInt64, with bytes: [UInt8]) throws {
        let handle = try #require(FileHandle(forWritingAtPath: folder.file(name)))
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    @Test func `because another node uses it`() async throws {
        let first = try await ServeProcess.start(serving, in: folder)
        try await expectNoService(75, "store.in-use")
        // Neither may those commands that write; those that look may.
        try await expect(75, "store.in-use", ["claim", "--store", folder.file("store")])
        try await expect(75, "store.in-use", ["settle", "--store", folder.file("store")])
        let commands = [
            ["channels", "list"], ["store", "verify"], ["ledger", "accounts"], ["ledger", "events"],
            ["ledger", "audit"],
        ]
        for command in commands {
            let outcome = try await Farthing.run(command + ["--store", folder.file("store"), "--json"], in: folder)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
        }
        #expect(try await first.client.get("/").status == 402)
        #expect(try await first.stop() == 0)
        try await makeStore()
    }

    @Test func `because another node uses it, until that one is killed`() async throws {
        let first = try await ServeProcess.start(serving, in: folder)
        try await first.kill()
        try await makeStore()
    }

    @Test(arguments: ["store", "store.ledger"])
    func `because a later version wrote it`(name: String) async throws {
        try await makeStore()
        // Where SQLite keeps user_version: four bytes at offset 60 of the file.
        try overwrite(name, at: 60, with: [0, 0, 0, 99])
        let before = FileManager.default.contents(atPath: folder.file(name))
        try await expectNoService(78, "store.newer")
        try await expect(78, "store.newer", ["store", "verify", "--store", folder.file("store")])
        #expect(FileManager.default.contents(atPath: folder.file(name)) == before, "it was left as it was")
    }

    @Test(arguments: ["store", "store.ledger"])
    func `because it is something else`(name: String) async throws {
        try await makeStore()
        try folder.write(name, "This is no database, whatever its name says. It was a letter once.")
        try await expectNoService(65, "store.damaged")
        #expect(folder.text(name).hasPrefix("This is no database"))
    }

    @Test func `because its pages are damaged`() async throws {
        try await makeStore()
        try overwrite("store", at: 4096, with: [UInt8](repeating: 0xA5, count: 4096))
        let outcome = try await Farthing.run(
            ["store", "verify", "--store", folder.file("store"), "--json"], in: folder)
        #expect(outcome.exitCode == 65, "\(outcome.output) \(outcome.errors)")
    }

    @Test func `because it is not there`() async throws {
        for command in [["channels", "list"], ["store", "verify"], ["claim"], ["settle"]] {
            try await expect(66, "store.missing", command + ["--store", folder.file("store")])
        }
        for command in ["accounts", "advance", "events", "audit"] {
            try await expect(66, "ledger.missing", ["ledger", command, "--store", folder.file("store")])
        }
        #expect(!FileManager.default.fileExists(atPath: folder.file("store")), "looking makes nothing")
    }

    @Test func `because the folder is not there`() async throws {
        let outcome = try await Farthing.run(
            ["serve", "--listen", "127.0.0.1:0", "--json"] + serving.dropLast() + [folder.file("no/such/store")],
            in: folder)
        #expect(outcome.exitCode == 73, "\(outcome.errors)")
        #expect(outcome.code?.hasPrefix("store.") == true)
    }

    @Test func `for a channel that it does not hold`() async throws {
        try await makeStore()
        let id = "0x" + String(repeating: "ab", count: 32)
        try await expect(66, "channel.unknown", ["channels", "show", id, "--store", folder.file("store")])
    }

    @Test func `because others may read its key`() async throws {
        try await makeStore()
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: folder.file("store.authorizer.key"))
        try await expectNoService(78, "key-file.too-open")
    }

    @Test func `because its key is none`() async throws {
        try await makeStore()
        try folder.write("store.authorizer.key", "not a key")
        try await expectNoService(65, "key-file.damaged")
    }

    @Test func `or a port that is taken`() async throws {
        let taken = try TCPSocket.listening()
        try await expect(69, "listen.port-taken", ["serve", "--listen", "127.0.0.1:\(taken.port)"] + serving)
        try await expect(69, "listen.refused", ["serve", "--listen", "192.0.2.1:4020"] + serving)
        try await expect(69, "listen.refused", ["serve", "--listen", "nobody.invalid:4020"] + serving)
        // The store was let go again.
        try await makeStore()
    }

    @Test func `by others than its owner`() async throws {
        try await makeStore()
        for name in ["store", "store.ledger", "store.authorizer.key"] { #expect(try folder.mode(name) == 0o600) }
    }
}
