// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@testable import FarthingGun

/// Doors at which strangers and old acquaintances knock.
@Suite("Doors over relays", .timeLimit(.minutes(1)))
struct DoorTests {
    private let pair = GunKeyPair()

    private var places: DoorPlaces { DoorPlaces(name: StreamTests.name, owner: pair.pub) }

    private func door(_ client: GunClient) async -> GunDoor {
        let door = GunDoor(client, pair: pair, name: StreamTests.name, timing: StreamTests.timing)
        await door.open()
        return door
    }

    private func knock(_ value: GunValue, at slot: Int, by client: GunClient) async throws {
        let state = await client.newState()
        try await client.put([GunNode(places.door, [DoorPlaces.key(slot): GunEntry(value, state)])])
    }

    @Test("Who never says a word takes the place of others for no long, and is told nothing")
    func strangers() async throws {
        try await StreamTests.withRelay { port in
            let (owner, caller) = (try await StreamTests.client(port), try await StreamTests.client(port))
            let door = await door(owner)
            for number in 0..<GunDoor.mostUnheard + 40 {
                let (stranger, slot) = (GunKeyPair(), number % DoorPlaces.slots)
                let seal = try PlaceSeal(stranger, with: pair.epub)
                let call = try DoorCall(of: stranger, at: DoorPlaces.key(slot), places, seal)
                try await knock(call.value, at: slot, by: caller)
            }
            while await door.count < 16 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(await door.count <= GunDoor.mostUnheard)
            let stream = try await GunStream.open(
                to: pair.pub, for: StreamTests.name, over: caller, timing: StreamTests.timing)
            try await stream.write([1, 2, 3])
            var streams = door.streams.makeAsyncIterator()
            let heard = await streams.next()
            #expect(try await heard?.read() == [1, 2, 3])
            // Only answers and this one stream were written.
            let answers = try await caller.get(places.answers)
            #expect(answers?.entries.count == DoorPlaces.slots)
            await door.close()
            #expect(await door.count == 0)
            await caller.close()
            await owner.close()
        }
    }

    /// The first stream has not ended yet when the second is made, and must not take the second with it.
    @Test("Who calls again when its first stream had to make room has the second")
    func secondCall() async throws {
        try await StreamTests.withRelay { port in
            let (owner, caller) = (try await StreamTests.client(port), try await StreamTests.client(port))
            var timing = StreamTests.timing
            timing.patience = .seconds(30)
            // Which of two calls that come together is taken first is luck.
            for round in 0..<8 {
                let places = DoorPlaces(name: "round \(round)", owner: pair.pub)
                let door = GunDoor(owner, pair: pair, name: places.name, timing: timing)
                await door.open()
                let oldest = GunKeyPair()
                for number in 0..<GunDoor.mostUnheard {
                    try await call([(number == 0 ? oldest : GunKeyPair(), number % DoorPlaces.slots)], places, caller)
                }
                while await door.count < GunDoor.mostUnheard { try await Task.sleep(for: .milliseconds(2)) }
                // A stranger takes the place of whoever waits the longest, who calls again at once.
                try await call([(GunKeyPair(), 0), (oldest, 1)], places, caller)
                try await Task.sleep(for: .milliseconds(100))
                #expect(await door.count == GunDoor.mostUnheard)
                await door.close()
            }
            await caller.close()
            await owner.close()
        }
    }

    private func call(_ calls: [(by: GunKeyPair, slot: Int)], _ places: DoorPlaces, _ client: GunClient) async throws {
        let state = await client.newState()
        var entries: [NodeKey: GunEntry] = [:]
        for call in calls {
            let (key, seal) = (DoorPlaces.key(call.slot), try PlaceSeal(call.by, with: pair.epub))
            entries[key] = GunEntry(try DoorCall(of: call.by, at: key, places, seal).value, state)
        }
        try await client.put([GunNode(places.door, entries)])
    }

    @Test("What is no call is passed over")
    func rubbish() async throws {
        try await StreamTests.withRelay { port in
            let (owner, caller) = (try await StreamTests.client(port), try await StreamTests.client(port))
            let door = await door(owner)
            let stranger = GunKeyPair()
            let seal = try PlaceSeal(stranger, with: pair.epub)
            let good = try DoorCall(of: stranger, at: "1", places, seal)
            let other = GunKeyPair()
            let swapped = JSON.object([
                "epub": .string(stranger.epub), "pub": .string(other.pub.text), "sealed": .string(good.sealed),
            ])
            let values: [GunValue] = [
                .null, 7, "", "{}", "[]", "rubbish", .link("nowhere"), .text(String(repeating: "x", count: 3000)),
                .text(#"{"epub":1,"pub":2,"sealed":3}"#), .text(swapped.text),
                // Made for another slot.
                try DoorCall(of: stranger, at: "2", places, seal).value,
                .text(good.value.json.stringValue.map { String($0.dropLast()) } ?? ""),
            ]
            for value in values { try await knock(value, at: 1, by: caller) }
            try await knock(good.value, at: 99, by: caller)
            try await knock(good.value, at: 1, by: caller)
            while await door.count == 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(await door.count == 1)
            await door.close()
            await caller.close()
            await owner.close()
        }
    }

    @Test("Whatever anybody writes beside the places for calls, the door stays open")
    func rubbishBeside() async throws {
        try await StreamTests.withRelay { port in
            let (owner, caller) = (try await StreamTests.client(port), try await StreamTests.client(port))
            let door = await door(owner)
            for round in 0..<2 {
                // As many keys as the payee's client keeps of a node.
                let state = await caller.newState()
                let rubbish = (0..<16).map { (NodeKey("rubbish \(round) \($0)"), GunEntry(1, state)) }
                try await caller.put([GunNode(places.door, Dictionary(uniqueKeysWithValues: rubbish))])
            }
            var timing = StreamTests.timing
            timing.patience = .seconds(5)
            let stream = try await GunStream.open(to: pair.pub, for: StreamTests.name, over: caller, timing: timing)
            try await stream.write([1, 2, 3])
            var streams = door.streams.makeAsyncIterator()
            let heard = await streams.next()
            #expect(try await heard?.read() == [1, 2, 3])
            await door.close()
            await caller.close()
            await owner.close()
        }
    }

    /// Somebody who called and was heard, and the payee's end of the stream.
    private func visit(_ door: GunDoor, by client: GunClient) async throws -> (outer: GunStream, inner: GunStream) {
        let outer = try await GunStream.open(
            to: pair.pub, for: StreamTests.name, over: client, timing: StreamTests.timing)
        try await outer.write([1])
        var streams = door.streams.makeAsyncIterator()
        let inner = try #require(await streams.next())
        #expect(try await inner.read() == [1])
        return (outer, inner)
    }

    @Test("Who was idle for longest makes room for a new one, but never with something in hand that is paid for")
    func idlers() async throws {
        try await StreamTests.withRelay { port in
            let (owner, caller) = (try await StreamTests.client(port), try await StreamTests.client(port))
            let door = GunDoor(
                owner, pair: pair, name: StreamTests.name, timing: StreamTests.timing, refresh: .seconds(30),
                mostHeard: 3)
            await door.open()
            let first = try await visit(door, by: caller)
            let second = try await visit(door, by: caller)
            let third = try await visit(door, by: caller)
            // The first has been idle for longest, but something is in hand.
            first.inner.hold()
            let fourth = try await visit(door, by: caller)
            await #expect(throws: GunError.brokenOff) { try await second.outer.read() }
            try await third.outer.write([2])
            #expect(try await third.inner.read() == [2])
            // What was paid for is written, and not taken yet.
            try await first.inner.write([3])
            first.inner.release(isWritten: true)
            let fifth = try await visit(door, by: caller)
            await #expect(throws: GunError.brokenOff) { try await fourth.outer.read() }
            #expect(try await first.outer.read() == [3])
            while await first.inner.ahead > 0 { try await Task.sleep(for: .milliseconds(5)) }
            // Now the third has been idle for longest; and when all have something in hand nobody has to go.
            let sixth = try await visit(door, by: caller)
            await #expect(throws: GunError.brokenOff) { try await third.outer.read() }
            for stream in [first, fifth, sixth] { stream.inner.hold() }
            let late = try await GunStream.open(
                to: pair.pub, for: StreamTests.name, over: caller, timing: StreamTests.timing)
            await #expect(throws: GunError.brokenOff) { try await late.read() }
            for (number, stream) in [first, fifth, sixth].enumerated() {
                try await stream.outer.write([UInt8(number)])
                #expect(try await stream.inner.read() == [UInt8(number)])
            }
            #expect(await door.count == 3)
            await door.close()
            await caller.close()
            await owner.close()
        }
    }

    @Test("What was said in an earlier stream counts for nothing when the door opens again")
    func replay() async throws {
        try await StreamTests.withRelay { port in
            let (owner, caller) = (try await StreamTests.client(port), try await StreamTests.client(port))
            let first = await door(owner)
            let stream = try await GunStream.open(
                to: pair.pub, for: StreamTests.name, over: caller, timing: StreamTests.timing)
            try await stream.write([1, 2, 3])
            var streams = first.streams.makeAsyncIterator()
            let heard = await streams.next()
            #expect(try await heard?.read() == [1, 2, 3])
            // The caller says no more, and the owner forgets everything: the relay shows all of it once more.
            await caller.close()
            await owner.close()
            let again = try await StreamTests.client(port)
            var timing = StreamTests.timing
            timing.patience = .milliseconds(700)
            let second = GunDoor(again, pair: pair, name: StreamTests.name, timing: timing)
            await second.open()
            while await second.count == 0 { try await Task.sleep(for: .milliseconds(5)) }
            while await second.count > 0 { try await Task.sleep(for: .milliseconds(20)) }
            await second.close()
            var said = 0
            for await _ in second.streams { said += 1 }
            #expect(said == 0)
            await again.close()
        }
    }
}
