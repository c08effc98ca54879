// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import Testing

@testable import FarthingGun

/// Two ends of streams that share a relay, and nothing else.
@Suite("Streams over relays", .timeLimit(.minutes(2)))
struct StreamTests {
    static let name = "echo"

    static var timing: GunStreamTiming {
        var timing = GunStreamTiming()
        timing.repetition = .milliseconds(50)
        timing.longestRepetition = .milliseconds(400)
        timing.call = .milliseconds(300)
        timing.patience = .seconds(20)
        return timing
    }

    static func client(_ port: Int) async throws -> GunClient {
        try await Loopback.client(port) {
            $0.limits = GunClientConfiguration.forStreams.limits
            $0.timing.acknowledgement = 300
            $0.timing.answer = 300
        }
    }

    /// Somebody who sends back whatever comes, and closes when the other side does.
    static func withEcho(
        at port: Int, timing: GunStreamTiming = timing,
        _ test: (GunClient, GunPublicKey, GunDoor) async throws -> Void
    ) async throws {
        let pair = GunKeyPair()
        let (owner, caller) = (try await client(port), try await client(port))
        let door = GunDoor(owner, pair: pair, name: name, timing: timing, refresh: .milliseconds(100))
        await door.open()
        let serving = Task {
            for await stream in door.streams {
                Task {
                    while let bytes = try await stream.read() { try await stream.write(bytes) }
                    try await stream.closeWrite()
                }
            }
        }
        try await test(caller, pair.pub, door)
        serving.cancel()
        await door.close()
        await caller.close()
        await owner.close()
    }

    static func withRelay(_ test: (Int) async throws -> Void) async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay()
        try await test(relay.port)
        await relay.shutdown()
    }

    static func collect(_ stream: GunStream) async throws -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try await stream.read() { all += bytes }
        return all
    }

    static func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255) } }

    @Test("What is written comes back whole and in its order", arguments: [0, 1, 16_384, 16_385, 200_000])
    func echo(count: Int) async throws {
        try await Self.withRelay { port in
            try await Self.withEcho(at: port) { caller, owner, door in
                let stream = try await GunStream.open(to: owner, for: Self.name, over: caller, timing: Self.timing)
                let sent = Self.random(count)
                async let received = Self.collect(stream)
                var rest = sent[...]
                while !rest.isEmpty {
                    let part = Int.random(in: 1...40_000)
                    try await stream.write(Array(rest.prefix(part)))
                    rest = rest.dropFirst(part)
                }
                try await stream.closeWrite()
                let back = try await received
                #expect(back == sent)
                await stream.finish()
                while await door.count > 0 { try await Task.sleep(for: .milliseconds(5)) }
            }
        }
    }

    @Test("Many streams at once do not meet")
    func many() async throws {
        try await Self.withRelay { port in
            try await Self.withEcho(at: port) { caller, owner, _ in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let stream = try await GunStream.open(
                                to: owner, for: Self.name, over: caller, timing: Self.timing)
                            let sent = Self.random(30_000)
                            try await stream.write(sent)
                            try await stream.closeWrite()
                            return try await Self.collect(stream) == sent
                        }
                    }
                    for try await isSame in group { #expect(isSame) }
                }
            }
        }
    }

    @Test("A reset is told, and clears what stands in the graph")
    func reset() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay()
        try await Self.withEcho(at: await relay.port) { caller, owner, door in
            let stream = try await GunStream.open(to: owner, for: Self.name, over: caller, timing: Self.timing)
            try await stream.write(Self.random(50_000))
            _ = try await stream.read()
            await stream.reset()
            await stream.finish()
            await #expect(throws: GunError.brokenOff) { try await stream.read() }
            await #expect(throws: GunError.brokenOff) { try await stream.write([1]) }
            while await door.count > 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
        await relay.shutdown()
    }

    @Test("A slow reader slows the writer, and nothing is lost")
    func slowReader() async throws {
        try await Self.withRelay { port in
            let pair = GunKeyPair()
            let (owner, caller) = (try await Self.client(port), try await Self.client(port))
            let door = GunDoor(owner, pair: pair, name: Self.name, timing: Self.timing)
            await door.open()
            let stream = try await GunStream.open(to: pair.pub, for: Self.name, over: caller, timing: Self.timing)
            var streams = door.streams.makeAsyncIterator()
            let other = try #require(await streams.next())
            let sent = Self.random(400_000)
            let writing = Task {
                var written = 0
                for start in stride(from: 0, to: sent.count, by: 10_000) {
                    try await stream.write(Array(sent[start..<start + 10_000]))
                    written += 10_000
                }
                try await stream.closeWrite()
            }
            try await Task.sleep(for: .milliseconds(400))
            // A window of segments, and what waits to be cut.
            let waiting = await stream.ahead
            #expect(waiting <= Int(StreamCore.window) * StreamCore.segmentBytes + StreamCore.comfortable + 10_000)
            let received = try await Self.collect(other)
            #expect(received == sent)
            try await writing.value
            await door.close()
            await caller.close()
            await owner.close()
        }
    }

    @Test("Goes on over a relay that is started again, with its graph or without", arguments: [true, false])
    func restart(onDisk: Bool) async throws {
        let place = try Loopback()
        defer { place.remove() }
        var relay = try await place.relay(onDisk: onDisk)
        let port = await relay.port
        try await Self.withEcho(at: port) { caller, owner, _ in
            let stream = try await GunStream.open(to: owner, for: Self.name, over: caller, timing: Self.timing)
            for _ in 0..<3 {
                let sent = Self.random(40_000)
                try await stream.write(Array(sent.prefix(20_000)))
                await relay.shutdown()
                try await stream.write(Array(sent.dropFirst(20_000)))
                relay = try await place.relay(port: port, onDisk: onDisk)
                var back: [UInt8] = []
                while back.count < sent.count, let bytes = try await stream.read() { back += bytes }
                #expect(back == sent)
            }
        }
        await relay.shutdown()
    }

    @Test("Relays that cheat delay what is said, and change nothing", arguments: HostileRelay.Mode.hostile)
    func cheats(mode: HostileRelay.Mode) async throws {
        let relay = try await HostileRelay.start()
        try await Self.withEcho(at: await relay.port) { caller, owner, _ in
            let stream = try await GunStream.open(to: owner, for: Self.name, over: caller, timing: Self.timing)
            let sent = (0..<3).map { _ in Self.random(20_000) }
            let receiving = Task {
                var back: [UInt8] = []
                while back.count < 60_000, let bytes = try await stream.read() { back += bytes }
                return back
            }
            try await stream.write(sent[0])
            await relay.turn(mode)
            try await stream.write(sent[1])
            try await Task.sleep(for: .milliseconds(500))
            await relay.turn(.honest)
            try await stream.write(sent[2])
            let back = try await receiving.value
            #expect(back == Array(sent.joined()))
        }
        await relay.shutdown()
    }

    @Test("Gives up on who is not there, and on who says nothing more")
    func silence() async throws {
        try await Self.withRelay { port in
            var timing = Self.timing
            timing.patience = .milliseconds(600)
            timing.silence = .milliseconds(800)
            let caller = try await Self.client(port)
            let nobody = GunKeyPair().pub
            await #expect(throws: GunError.noAnswer) {
                try await GunStream.open(to: nobody, for: Self.name, over: caller, timing: timing)
            }
            let pair = GunKeyPair()
            let owner = try await Self.client(port)
            let door = GunDoor(owner, pair: pair, name: Self.name, timing: Self.timing)
            await door.open()
            timing.patience = .seconds(10)
            let stream = try await GunStream.open(to: pair.pub, for: Self.name, over: caller, timing: timing)
            await owner.close()
            await #expect(throws: GunError.brokenOff) { try await stream.read() }
            await caller.close()
        }
    }
}
