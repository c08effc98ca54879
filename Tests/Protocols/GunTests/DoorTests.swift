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

    @Test("Who calls again when its first stream had to make room has the second, and nobody else loses one")
    func secondCall() async throws {
        try await StreamTests.withRelay { port in
            let (owner, caller) = (try await StreamTests.client(port), try await StreamTests.client(port))
            var timing = StreamTests.timing
            timing.patience = .seconds(30)
            let door = GunDoor(owner, pair: pair, name: StreamTests.name, timing: timing)
            await door.open()
            var line: [GunKeyPair] = []
            for number in 0..<GunDoor.mostUnheard {
                line.append(GunKeyPair())
                try await call(by: line[number], at: number % DoorPlaces.slots, over: caller)
            }
            while await door.count < GunDoor.mostUnheard { try await Task.sleep(for: .milliseconds(5)) }
            // A stranger takes the place of whoever waits the longest, who calls again at once: its first stream has not
            // ended yet, and must not take the second with it.
            for round in 0..<12 {
                let oldest = line.removeFirst()
                let stranger = GunKeyPair()
                async let first: Void = call(by: stranger, at: 2 * round % DoorPlaces.slots, over: caller)
                async let second: Void = call(by: oldest, at: (2 * round + 1) % DoorPlaces.slots, over: caller)
                _ = try await (first, second)
                // The second call makes the next one go, unless it came before the stranger's.
                line = Array(line.dropFirst()) + [stranger, oldest]
            }
            try await Task.sleep(for: .milliseconds(500))
            #expect(await door.count == GunDoor.mostUnheard)
            await door.close()
            await caller.close()
            await owner.close()
        }
    }

    private func call(by stranger: GunKeyPair, at slot: Int, over client: GunClient) async throws {
        let seal = try PlaceSeal(stranger, with: pair.epub)
        try await knock(try DoorCall(of: stranger, at: DoorPlaces.key(slot), places, seal).value, at: slot, by: client)
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
