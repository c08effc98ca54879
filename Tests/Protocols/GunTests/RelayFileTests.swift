// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import GRDB
import Testing

@testable import FarthingGun

@Suite("The file of a relay")
struct RelayFileTests {
    private func node(_ value: GunValue, _ milliseconds: Double) -> GunNode {
        GunNode("s", ["a": GunEntry(value, state(milliseconds))])
    }

    @Test("is open in one relay at a time, by whatever name")
    func oneAtATime() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay()
        await #expect(throws: GunError.storage(reason: "another relay has it")) { try await place.relay() }
        let link = place.folder.appending(path: "link.sqlite").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: place.file)
        await #expect(throws: GunError.storage(reason: "another relay has it")) {
            try await place.relay { $0.file = link }
        }
        await relay.shutdown()
        let next = try await place.relay { $0.file = link }
        await next.shutdown()
    }

    @Test("keeps of two values the one that wins in the graph, in whatever order they come")
    func order() async throws {
        let place = try Loopback()
        defer { place.remove() }
        // In UTF-16, by which GUN compares, the second of a pair is the larger; in UTF-8 the first of the last pair.
        let pairs: [(GunNode, GunNode)] = [
            (node("old", 10), node("new", 20)), (node("a", 20), node("b", 20)),
            (node("\u{1F600}", 20), node("\u{FFFD}", 20)),
        ]
        for (loser, winner) in pairs {
            for nodes in [[loser, winner], [winner, loser]] {
                let file = try RelayFile(path: place.file)
                for node in nodes { try await file.write([([], [node])]) }
                #expect(try file.load(limits: GunLimits())["s"] == winner)
                try await file.queue.write { try $0.execute(sql: "DELETE FROM entry") }
                try file.close()
            }
        }
    }

    @Test("forgets what the graph has forgotten, and keeps what is written after it")
    func forgetting() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let file = try RelayFile(path: place.file)
        try await file.write([([], [GunNode("a", ["x": GunEntry(1, state(10)), "y": GunEntry(2, state(10))])])])
        try await file.write([(["a"], []), ([], [GunNode("a", ["x": GunEntry(3, state(5))])])])
        #expect(try file.load(limits: GunLimits())["a"] == GunNode("a", ["x": GunEntry(3, state(5))]))
        try file.close()
    }

    @Test("has what is written on disk, and not only on its way there")
    func durability() throws {
        let place = try Loopback()
        defer { place.remove() }
        let file = try RelayFile(path: place.file)
        #expect(try file.queue.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
        try file.close()
    }
}
