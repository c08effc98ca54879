// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingGun

/// A client's core before relays that say what the test wants.
struct ClientBench {
    var core: ClientCore
    var now = 1_795_300_000_000.0
    var sent: [ClientCore.Relay: [JSON]] = [:]
    var puts: [ClientCore.Ticket: Result<GunReceipt, GunError>] = [:]
    var gets: [ClientCore.Ticket: Result<GunNode?, GunError>] = [:]
    var changes: [GunChange] = []
    var notices: [String] = []

    /// The relays that are to be connected anew.
    var renewed: [ClientCore.Relay] = []

    init(limits: GunLimits = GunLimits()) { core = ClientCore(limits: limits, generator: SeededGenerator(seed: 2)) }

    mutating func join(_ number: Int) -> ClientCore.Relay {
        let relay = ClientCore.Relay(number)
        run(core.connect(relay, at: now))
        return relay
    }

    mutating func put(_ nodes: [GunNode]) throws -> ClientCore.Ticket {
        let (ticket, actions) = try core.put(nodes, at: now)
        run(actions)
        return ticket
    }

    mutating func get(_ query: GraphQuery) throws -> ClientCore.Ticket {
        let (ticket, actions) = try core.get(query, at: now)
        run(actions)
        return ticket
    }

    mutating func follow(_ soul: Soul) throws -> ClientCore.Ticket {
        let (ticket, actions) = try core.subscribe(to: GraphQuery(soul))
        run(actions)
        return ticket
    }

    mutating func hear(_ members: KeyValuePairs<String, JSON?>, from relay: ClientCore.Relay) {
        run(core.receive(GunMessage.bytes(members), from: relay, at: now))
    }

    mutating func wait(_ milliseconds: Double) {
        now += milliseconds
        run(core.advance(to: now))
    }

    /// The messages to a relay since this was asked last.
    mutating func take(_ relay: ClientCore.Relay) -> [JSON] {
        defer { sent[relay] = [] }
        return sent[relay] ?? []
    }

    mutating func run(_ actions: [ClientCore.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes, let relay):
                if let json = try? JavaScriptJSON.parse(bytes) { sent[relay, default: []].append(json) }
            case .finishPut(let ticket, let result): puts[ticket] = result
            case .finishGet(let ticket, let result, _): gets[ticket] = result
            case .deliver(_, let changes): self.changes += changes
            case .renew(let relay): renewed.append(relay)
            case .notice(_, let text): notices.append(text)
            }
        }
    }

    func node(_ soul: Soul, _ key: NodeKey, _ value: GunValue, ago: Double = 10) -> GunNode {
        GunNode(soul, [key: entry(value, ago: ago)])
    }

    func entry(_ value: GunValue, ago: Double = 10) -> GunEntry { GunEntry(value, state(now - ago)) }
}

@Suite("A client, message by message")
struct ClientCoreTests {
    @Test("A write ends with its acknowledgement, and a second one is normal")
    func acknowledged() throws {
        var bench = ClientBench()
        let relay = bench.join(0)
        let ticket = try bench.put([bench.node("s", "a", 1)])
        let message = try #require(bench.take(relay).first)
        bench.hear(["#": "1", "@": message["#"], "ok": true], from: relay)
        #expect(bench.puts[ticket] == .success(.acknowledged))
        bench.hear(["#": "2", "@": message["#"], "ok": 0], from: relay)
        #expect(bench.notices.isEmpty)
    }

    @Test("A refusal fails a write once every relay has refused")
    func refused() throws {
        var bench = ClientBench()
        let first = bench.join(0)
        let second = bench.join(1)
        let ticket = try bench.put([bench.node("s", "a", 1)])
        bench.hear(["#": "1", "@": bench.take(first).last?["#"], "err": "no"], from: first)
        #expect(bench.puts[ticket] == nil)
        bench.hear(["#": "2", "@": bench.take(second).last?["#"], "err": "never"], from: second)
        #expect(bench.puts[ticket] == .failure(.refused(text: "never")))
    }

    @Test("Without an acknowledgement the client reads again: what is there is confirmed")
    func confirmed() throws {
        var bench = ClientBench()
        let relay = bench.join(0)
        let node = bench.node("s", "a", 1)
        let ticket = try bench.put([node])
        _ = bench.take(relay)
        bench.wait(9000)
        let question = try #require(bench.take(relay).last)
        #expect(question["get"] == ["#": "s", ".": "a"])
        bench.hear(["#": "1", "@": question["#"], "put": GraphWire.json([node])], from: relay)
        bench.wait(99)
        #expect(bench.puts[ticket] == .success(.confirmed))
    }

    @Test("What somebody else has overwritten since is told so")
    func superseded() throws {
        var bench = ClientBench()
        let relay = bench.join(0)
        let ticket = try bench.put([bench.node("s", "a", 1)])
        bench.wait(9000)
        let question = try #require(bench.take(relay).last)
        let newer = bench.node("s", "a", 2, ago: 5)
        bench.hear(["#": "1", "@": question["#"], "put": GraphWire.json([newer])], from: relay)
        bench.wait(99)
        #expect(bench.puts[ticket] == .success(.superseded))
    }

    @Test("What is not there when read again may have been lost")
    func unconfirmed() throws {
        var bench = ClientBench()
        let relay = bench.join(0)
        let lost = try bench.put([bench.node("s", "a", 1)])
        bench.wait(9000)
        bench.hear(["#": "1", "@": bench.take(relay).last?["#"]], from: relay)
        bench.wait(99)
        #expect(bench.puts[lost] == .failure(.unconfirmed))
        bench.core.disconnect(relay)
        let unsent = try bench.put([bench.node("s", "a", 2)])
        bench.wait(9000)
        #expect(bench.puts[unsent] == .failure(.notConnected))
    }

    @Test("After a reconnection everything under way is said again, and a write is read to see")
    func reconnection() throws {
        var bench = ClientBench()
        let relay = bench.join(0)
        let write = try bench.put([bench.node("s", "a", 1)])
        let question = try bench.get(GraphQuery("t"))
        _ = try bench.follow("u")
        #expect(bench.take(relay).count == 3)
        bench.core.disconnect(relay)
        _ = bench.join(0)
        let again = bench.take(relay)
        #expect(again.filter { $0["put"] != nil }.count == 1)
        #expect(
            again.filter { $0["get"] != nil }.compactMap { $0["get"]?["#"]?.stringValue }.sorted() == ["s", "t", "u"])
        for message in again where message["get"] != nil { bench.hear(["#": "x", "@": message["#"]], from: relay) }
        bench.wait(99)
        #expect(bench.gets[question] == .success(nil))
        // Not there yet is no failure so early.
        #expect(bench.puts[write] == nil)
        bench.hear(["#": "y", "@": again.first { $0["put"] != nil }?["#"], "ok": true], from: relay)
        #expect(bench.puts[write] == .success(.acknowledged))
    }

    @Test("A question is answered with the newest of all relays, after the last of them")
    func merged() throws {
        var bench = ClientBench()
        let first = bench.join(0)
        let second = bench.join(1)
        let ticket = try bench.get(GraphQuery("s"))
        bench.hear(["#": "1", "@": bench.take(first).last?["#"]], from: first)
        bench.wait(500)
        #expect(bench.gets[ticket] == nil)
        let newer = bench.node("s", "a", 2, ago: 5)
        bench.hear(["#": "2", "@": bench.take(second).last?["#"], "put": GraphWire.json([newer])], from: second)
        bench.wait(98)
        #expect(bench.gets[ticket] == nil)
        bench.wait(1)
        #expect(bench.gets[ticket] == .success(newer))
    }

    @Test("An answer in parts is waited for until its last part")
    func parts() throws {
        var bench = ClientBench()
        let relay = bench.join(0)
        let ticket = try bench.get(GraphQuery("s"))
        let id = bench.take(relay).last?["#"]
        bench.hear(["#": "1", "%": "2", "@": id, "put": GraphWire.json([bench.node("s", "a", 1)])], from: relay)
        bench.wait(3000)
        #expect(bench.gets[ticket] == nil)
        bench.hear(["#": "2", "@": id, "put": GraphWire.json([bench.node("s", "b", 2)])], from: relay)
        bench.wait(99)
        #expect(try bench.gets[ticket]?.get()?.entries.count == 2)
    }

    @Test("Nobody who answers is a timeout, and nobody to ask is told apart")
    func timeouts() throws {
        var bench = ClientBench()
        let lonely = try bench.get(GraphQuery("s"))
        bench.wait(9000)
        #expect(bench.gets[lonely] == .failure(.notConnected))
        _ = bench.join(0)
        let ignored = try bench.get(GraphQuery("s"))
        bench.wait(9000)
        #expect(bench.gets[ignored] == .failure(.timedOut))
    }

    @Test("Changes come once each, newest wins, and what nobody asked for is not kept")
    func changes() throws {
        var bench = ClientBench()
        let relay = bench.join(0)
        let ticket = try bench.follow("s")
        let id = bench.take(relay).last?["#"]
        bench.hear(["#": "1", "@": id, "put": GraphWire.json([bench.node("s", "a", 1)])], from: relay)
        bench.hear(["#": "2", "put": GraphWire.json([bench.node("s", "a", 1)])], from: relay)
        bench.hear(["#": "3", "put": GraphWire.json([bench.node("s", "a", 0, ago: 50)])], from: relay)
        bench.hear(
            ["#": "4", "put": GraphWire.json([bench.node("s", "a", 2, ago: 5), bench.node("t", "a", 2)])], from: relay)
        bench.hear(["#": "5", "@": "unasked", "put": GraphWire.json([bench.node("s", "a", 3, ago: 1)])], from: relay)
        #expect(bench.changes.map(\.value) == [1, 2])
        #expect(bench.core.graph["t"] == nil)
        bench.hear(["#": "6", "put": GraphWire.json([bench.node("s", "a", 9, ago: -100)])], from: relay)
        #expect(bench.changes.count == 2)
        bench.wait(100)
        #expect(bench.changes.map(\.value) == [1, 2, 9])
        bench.core.cancel(ticket)
        bench.hear(["#": "7", "put": GraphWire.json([bench.node("s", "a", 10, ago: 0)])], from: relay)
        #expect(bench.changes.count == 3)
    }

    @Test("Of a node in which anybody may write, no more keys are kept than were asked for")
    func rubbishKeys() throws {
        var limits = GunLimits()
        limits.keysPerNode = 4
        var bench = ClientBench(limits: limits)
        let relay = bench.join(0)
        let followed = try bench.core.subscribe(to: GraphQuery("s", .exactly("mine")))
        bench.run(followed.actions)
        let ticket = try bench.put([GunNode("t", ["a": bench.entry(1), "b": bench.entry(2)])])
        for soul in ["s", "t"] as [Soul] {
            for ago in [-100.0, 20] {
                let rubbish = ["1", "2", "3", "4"].map { (NodeKey($0), bench.entry(7, ago: ago)) }
                let node = GunNode(soul, Dictionary(uniqueKeysWithValues: rubbish))
                bench.hear(["#": nil, "put": GraphWire.json([node])], from: relay)
            }
        }
        bench.hear(["#": nil, "put": GraphWire.json([bench.node("s", "mine", 1)])], from: relay)
        #expect(bench.changes.map(\.value) == [1])
        // A write that nobody acknowledges is read again, and found among whatever else stands there.
        bench.wait(9000)
        let question = try #require(bench.take(relay).last)
        let found = GunNode(
            "t", ["0": bench.entry(7), "1": bench.entry(7), "a": bench.entry(1), "b": bench.entry(2)])
        bench.hear(["#": "1", "@": question["#"], "put": GraphWire.json([found])], from: relay)
        bench.wait(99)
        #expect(bench.puts[ticket] == .success(.confirmed) || bench.puts[ticket] == .success(.superseded))
        #expect(bench.core.graph["s"]?.entries.keys.sorted() == ["mine"])
        #expect(bench.core.graph["t"]?.entries.keys.sorted() == ["a", "b"])
        bench.core.cancel(followed.ticket)
        #expect(bench.core.interest.isEmpty)
    }

    @Test("A relay that lies about what others own is not believed")
    func hostile() throws {
        var bench = ClientBench()
        let relay = bench.join(0)
        let alice = try Vectors.pair("alice")
        let bob = try Vectors.pair("bob")
        let soul = alice.pub.soul.child("state")
        func signed(_ value: GunValue, _ at: Double, by pair: GunKeyPair = alice, key: NodeKey = "n") throws -> GunNode
        {
            let place = pair.pub.soul.child("state")
            let text = try UserSpace.sign(value, at: key, of: place, state: state(at), with: pair)
            return GunNode(soul, ["n": GunEntry(text, state(at))])
        }
        _ = try bench.follow(soul)
        func push(_ node: GunNode) { bench.hear(["#": nil, "put": GraphWire.json([node])], from: relay) }
        push(try signed(5, 1000))
        push(try signed(4, 900))  // replayed
        push(try signed(6, 2000, by: bob))  // somebody else's
        push(try signed(6, 2000, key: "m"))  // moved to another key
        push(GunNode(soul, ["n": GunEntry(try #require(signed(4, 900)["n"]), state(3000))]))  // stated anew
        push(GunNode(soul, ["n": GunEntry(6, state(2000))]))  // unsigned
        push(GunNode(soul, ["n": GunEntry(nil, state(2000))]))  // deleted
        #expect(bench.changes.map(\.value) == [5])
        #expect(bench.changes.first?.writer == alice.pub)
        #expect(bench.core.disbelieved == 5)
        // A question is not answered with less than was seen either.
        let ticket = try bench.get(GraphQuery(soul))
        bench.hear(
            ["#": "r", "@": bench.take(relay).last?["#"], "put": GraphWire.json([try signed(4, 900)])], from: relay)
        bench.wait(99)
        #expect(try bench.gets[ticket]?.get()?["n"] == 5)
    }

    @Test("What the wire cannot hold is not sent")
    func invalid() throws {
        var bench = ClientBench()
        #expect(throws: GunError.invalidValue) { try bench.put([bench.node("s", "a", .number(.nan))]) }
        #expect(throws: GunError.invalidValue) { try bench.put([bench.node("s", "_", 1)]) }
        #expect(throws: GunError.invalidValue) { try bench.put([bench.node("", "a", 1)]) }
        #expect(throws: GunError.invalidValue) { try bench.put([GunNode("s")]) }
        #expect(throws: GunError.self) {
            try bench.put([bench.node("s", "a", .text(String(repeating: "x", count: 1_100_000)))])
        }
    }

    @Test("Greets back, and keeps what a relay complains of")
    func control() {
        var bench = ClientBench()
        let relay = bench.join(0)
        bench.hear(["#": "g", "dam": "?", "pid": "R"], from: relay)
        #expect(bench.take(relay).map { $0["@"] } == ["g"])
        bench.hear(["#": "h", "dam": "?", "pid": "R", "@": "x"], from: relay)
        #expect(bench.take(relay).isEmpty)
        bench.hear(["#": "i", "dam": "!", "err": "oh"], from: relay)
        bench.run(bench.core.receive(Array("nonsense".utf8), from: relay, at: bench.now))
        #expect(bench.notices.first == "oh" && bench.notices.count == 2)
    }

    @Test("Nodes that nobody waits for are forgotten in the end")
    func forgetting() throws {
        var bench = ClientBench()
        let relay = bench.join(0)
        for index in 0..<10_000 {
            let soul = Soul("s\(index)")
            let ticket = try bench.follow(soul)
            bench.hear(["#": nil, "put": GraphWire.json([bench.node(soul, "a", 1)])], from: relay)
            bench.core.cancel(ticket)
            _ = bench.take(relay)
            bench.changes = []
        }
        #expect(bench.core.graph.count <= 2 * ClientCore.remembered + 1)
        #expect(bench.core.tickets.isEmpty && bench.core.messages.isEmpty && bench.core.interest.isEmpty)
    }

    @Test("However long their texts, forgotten nodes leave room for others")
    func forgettingLongTexts() throws {
        var limits = GunLimits()
        limits.graphBytes = 1_000_000
        var bench = ClientBench(limits: limits)
        let relay = bench.join(0)
        for index in 0..<60 {
            let soul = Soul("s\(index)")
            let ticket = try bench.follow(soul)
            let text = GunValue.text(String(repeating: "x", count: 100_000))
            bench.hear(["#": nil, "put": GraphWire.json([bench.node(soul, "a", text)])], from: relay)
            #expect(bench.changes.last?.soul == soul)
            bench.core.cancel(ticket)
        }
        #expect(bench.core.graph.bytes <= limits.graphBytes / 2)
    }

    @Test("Connects anew before a relay has been asked for as much as it remembers")
    func renewal() throws {
        var limits = GunLimits()
        limits.subscriptionsPerPeer = 40
        var bench = ClientBench(limits: limits)
        let relay = bench.join(0)
        let kept = try bench.follow("kept")
        for index in 0..<29 { bench.core.cancel(try bench.follow(Soul("s\(index)"))) }
        #expect(bench.renewed.isEmpty)
        bench.core.cancel(try bench.follow("s0"))
        #expect(bench.renewed.isEmpty, "it was asked for before")
        bench.core.cancel(try bench.follow("s29"))
        #expect(bench.renewed == [relay])
        bench.core.disconnect(relay)
        _ = bench.take(relay)
        bench.run(bench.core.connect(relay, at: bench.now))
        #expect(bench.take(relay).compactMap { $0["get"]?["#"] } == ["kept"])
        bench.core.cancel(kept)
    }
}
