// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingGun

/// A relay's core with peers, whose answers are read as JSON.
struct RelayBench {
    var core: RelayCore
    var now = 1_795_300_000_000.0
    var inbox: [RelayCore.Peer: [JSON]] = [:]
    var closed: [RelayCore.Peer: GunError] = [:]
    var stored: [GunNode] = []
    var forgotten: [Soul] = []

    init(_ forwarding: RelayCore.Forwarding = .subscribers, limits: GunLimits = GunLimits(), graph: Graph? = nil) {
        core = RelayCore(
            graph: graph, forwarding: forwarding, limits: limits, generator: SeededGenerator(seed: 1))
    }

    mutating func join(_ number: Int, pid: String? = nil) -> RelayCore.Peer {
        let peer = RelayCore.Peer(number)
        run(core.connect(peer, at: now))
        if let pid { say(["#": .string("pid\(number)"), "dam": "?", "pid": .string(pid), "@": "x"], as: peer) }
        inbox[peer] = []
        return peer
    }

    mutating func say(_ members: KeyValuePairs<String, JSON?>, as peer: RelayCore.Peer) {
        hear(GunMessage.bytes(members), from: peer)
    }

    mutating func hear(_ bytes: [UInt8], from peer: RelayCore.Peer) {
        run(core.receive(bytes, from: peer, at: now))
    }

    mutating func put(_ id: String, _ nodes: [GunNode], as peer: RelayCore.Peer) {
        say(["#": .string(id), "put": GraphWire.json(nodes)], as: peer)
    }

    mutating func wait(_ milliseconds: Double) {
        now += milliseconds
        run(core.advance(to: now))
    }

    mutating func run(_ actions: [RelayCore.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes, let peer): receive(bytes, peer)
            case .store(let nodes, let bytes, let peer):
                stored += nodes
                if let bytes { receive(bytes, peer) }
            case .forget(let souls): forgotten += souls
            case .close(let peer, let error): closed[peer] = error
            }
        }
    }

    private mutating func receive(_ bytes: [UInt8], _ peer: RelayCore.Peer) {
        do { inbox[peer, default: []].append(try JavaScriptJSON.parse(bytes)) } catch {
            Issue.record("No peer can read \(String(decoding: bytes, as: UTF8.self)): \(error)")
        }
    }

    /// What the peer was sent since it was asked last.
    mutating func take(_ peer: RelayCore.Peer) -> [JSON] {
        defer { inbox[peer] = [] }
        return inbox[peer] ?? []
    }

    func entry(_ value: GunValue, _ ago: Double = 10) -> GunEntry { GunEntry(value, state(now - ago)) }
}

@Suite("A relay, message by message")
struct RelayCoreTests {
    @Test("Greets, answers a greeting once, and stays silent at an answered one")
    func handshake() {
        var bench = RelayBench()
        let peer = RelayCore.Peer(1)
        bench.run(bench.core.connect(peer, at: bench.now))
        let greeting = bench.take(peer)
        #expect(greeting.count == 1 && greeting[0]["dam"] == "?" && greeting[0]["pid"] == .string(bench.core.pid))
        bench.say(["#": "a", "dam": "?", "pid": "p"], as: peer)
        let answer = bench.take(peer)
        #expect(answer.count == 1 && answer[0]["@"] == "a" && answer[0]["dam"] == "?")
        bench.say(["#": "b", "dam": "?", "pid": "p", "@": "a"], as: peer)
        bench.say(["#": "c", "dam": "hi"], as: peer)
        bench.say(["#": "d", "dam": "!", "err": "oh"], as: peer)
        bench.say(["#": "e", "dam": "unheard of"], as: peer)
        bench.hear(Array("[]".utf8), from: peer)
        #expect(bench.take(peer).isEmpty)
    }

    @Test("A write goes to those who asked for the node, under a new id, and to nobody else")
    func subscribers() {
        var bench = RelayBench()
        let writer = bench.join(1)
        let reader = bench.join(2)
        let keyReader = bench.join(3)
        let stranger = bench.join(4)
        bench.say(["#": "g1", "get": ["#": "s"]], as: reader)
        #expect(bench.take(reader).map { $0["@"] } == ["g1"])
        bench.say(["#": "g2", "get": ["#": "s", ".": "b"]], as: keyReader)
        // Who asked for the node may know more of it.
        #expect(bench.take(reader).map { $0["get"]?["."] } == ["b"])
        _ = bench.take(keyReader)
        bench.put("p1", [GunNode("s", ["a": bench.entry(1), "b": bench.entry(2)])], as: writer)
        let copy = bench.take(reader)
        #expect(copy.count == 1 && copy[0]["#"] != "p1" && copy[0]["put"]?["s"]?["a"] == 1)
        #expect(bench.take(keyReader).map { $0["put"]?["s"]?["a"] } == [nil])
        #expect(bench.take(stranger).isEmpty)
        #expect(bench.take(writer).map { $0["ok"] } == [true])
        #expect(bench.stored.count == 1)
        // What changes nothing is neither passed on nor acknowledged.
        bench.put("p2", [GunNode("s", ["a": bench.entry(1, 20)])], as: writer)
        #expect(bench.take(reader).isEmpty && bench.take(writer).isEmpty)
        bench.core.disconnect(reader)
        bench.put("p3", [GunNode("s", ["a": bench.entry(3, 5)])], as: writer)
        #expect(bench.take(reader).isEmpty)
        #expect(bench.core.subscribers["s"]?[reader] == nil)
    }

    @Test("In plain mode a write goes to everybody but those who have it")
    func everybody() {
        var bench = RelayBench(.everybody)
        let writer = bench.join(1, pid: "w")
        let known = bench.join(2, pid: "k")
        let other = bench.join(3, pid: "o")
        bench.say(
            ["#": "p", "put": GraphWire.json([GunNode("s", ["a": bench.entry(1)])]), "><": "k", "zz": 1], as: writer)
        #expect(bench.take(known).isEmpty)
        let copy = bench.take(other)
        #expect(copy.map { $0["><"] } == ["w,k,o"])
        #expect(copy.map { $0["#"] } == ["p"] && copy.map { $0["zz"] } == [1])
    }

    @Test("A repeated message is dropped for nine seconds after its last use")
    func repetition() {
        var bench = RelayBench()
        let peer = bench.join(1)
        let message: KeyValuePairs<String, JSON?> = ["#": "g", "get": ["#": "s"]]
        bench.say(message, as: peer)
        #expect(bench.take(peer).count == 1)
        for _ in 0..<3 {
            bench.wait(3000)
            bench.say(message, as: peer)
        }
        #expect(bench.take(peer).isEmpty)
        bench.wait(9001)
        bench.say(message, as: peer)
        #expect(bench.take(peer).count == 1)
    }

    @Test("An answer goes to who asked and is kept; a second equal one, and one to nothing, are dropped")
    func answers() {
        var bench = RelayBench()
        let asker = bench.join(1)
        let holder = bench.join(2)
        bench.say(["#": "g0", "get": ["#": "s"]], as: holder)
        bench.say(["#": "g", "get": ["#": "s"]], as: asker)
        _ = bench.take(asker)
        #expect(bench.take(holder).last?["get"]?["#"] == "s")
        let put = GraphWire.json([GunNode("s", ["a": bench.entry(1)])])
        bench.say(["#": "r1", "@": "g", "put": put], as: holder)
        #expect(bench.take(asker).map { $0["put"]?["s"]?["a"] } == [1])
        #expect(bench.core.node("s")?["a"] == 1)
        bench.say(["#": "r2", "@": "g", "put": put], as: holder)
        #expect(bench.take(asker).isEmpty)
        bench.say(
            ["#": "r3", "@": "unasked", "put": GraphWire.json([GunNode("t", ["a": bench.entry(1)])])], as: holder)
        #expect(bench.take(asker).isEmpty && bench.core.node("t") == nil)
        bench.core.disconnect(asker)
        bench.say(["#": "r4", "@": "g", "ok": true], as: holder)
        #expect(bench.take(asker).isEmpty && bench.take(holder).isEmpty)
    }

    @Test("A question that carries the hash of what is known is not answered with it")
    func knownHash() {
        var bench = RelayBench()
        let peer = bench.join(1)
        bench.put("p", [GunNode("s", ["a": bench.entry(1)])], as: peer)
        bench.say(["#": "g", "get": ["#": "s"]], as: peer)
        let hash = bench.take(peer).last?["##"]
        #expect(hash != nil)
        bench.say(["#": "h", "get": ["#": "s"], "##": hash], as: peer)
        #expect(bench.take(peer).isEmpty)
    }

    @Test("A question whose hash is no number is passed on with one hash, the relay's own")
    func unreadableHash() throws {
        var bench = RelayBench(.everybody)
        let (asker, other) = (bench.join(1), bench.join(2))
        bench.put("p", [GunNode("s", ["a": bench.entry(1)])], as: asker)
        bench.say(["#": "g", "get": ["#": "s"], "##": ""], as: asker)
        let answer = try #require(bench.take(asker).last)
        let question = try #require(bench.take(other).last)
        #expect(question["#"] == "g" && question["##"] != nil && question["##"] == answer["##"])
        #expect(question.members?.count { $0.name == "##" } == 1)
    }

    @Test("A future value is seen by nobody before its time, and then by those who asked")
    func future() {
        var bench = RelayBench()
        let peer = bench.join(1)
        let reader = bench.join(2)
        bench.say(["#": "g", "get": ["#": "s"]], as: reader)
        _ = bench.take(reader)
        bench.put("p", [GunNode("s", ["a": bench.entry(1, -500)])], as: peer)
        #expect(bench.take(peer).isEmpty && bench.take(reader).isEmpty)
        #expect(bench.core.nextDeadline == bench.now + 500)
        bench.wait(499)
        #expect(bench.core.node("s") == nil)
        bench.wait(1)
        #expect(bench.core.node("s")?["a"] == 1)
        #expect(bench.take(reader).count == 1 && bench.take(peer).isEmpty)
        #expect(bench.stored.count == 1)
        bench.put("far", [GunNode("s", ["far": bench.entry(1, -90_000_000)])], as: peer)
        #expect(bench.core.deferred.count == 0)
    }

    @Test("Forged values are refused with GUN's words, and nothing of their message is taken")
    func forged() throws {
        var bench = RelayBench()
        let peer = bench.join(1)
        let alice = try Vectors.pair("alice")
        let good = try UserSpace.sign(1, at: "a", of: alice.pub.soul, state: state(5), with: alice)
        bench.put(
            "p", [GunNode("open", ["x": bench.entry(1)]), GunNode(alice.pub.soul, ["a": GunEntry(good, state(6))])],
            as: peer)
        #expect(bench.take(peer).map { $0["err"] } == ["Unverified data."])
        #expect(bench.core.node("open") == nil && bench.stored.isEmpty)
        bench.put("q", [GunNode(alice.pub.soul, ["a": GunEntry(good, state(5))])], as: peer)
        #expect(bench.take(peer).map { $0["ok"] } == [true])
    }

    @Test("What is beyond a limit is refused, and what was there stays")
    func limits() {
        var limits = GunLimits()
        limits.nodes = 1
        limits.keysPerNode = 2
        limits.graphBytes = 400
        limits.subscriptionsPerPeer = 2
        limits.peers = 2
        limits.messageBytes = 4000
        limits.batchMessages = 2
        var bench = RelayBench(limits: limits)
        let peer = bench.join(1)
        bench.put("1", [GunNode("a", ["x": bench.entry(1), "y": bench.entry(1)])], as: peer)
        #expect(bench.take(peer).map { $0["ok"] } == [true])
        bench.put("2", [GunNode("a", ["z": bench.entry(1)])], as: peer)
        bench.put("3", [GunNode("b", ["x": bench.entry(1)]), GunNode("c", ["x": bench.entry(1)])], as: peer)
        bench.put("4", [GunNode("b", ["x": bench.entry(.text(String(repeating: "x", count: 400)))])], as: peer)
        bench.put("5", [GunNode(Soul(String(repeating: "s", count: 1100)), ["x": bench.entry(1)])], as: peer)
        let refusals = bench.take(peer).map { $0["err"]?.stringValue }
        #expect(refusals == ["Full.", "Full.", "Full.", "Error: Too large: soul."])
        #expect(bench.core.graph.count == 1)
        for index in 0..<3 { bench.say(["#": .string("g\(index)"), "get": ["#": .string("t\(index)")]], as: peer) }
        #expect(bench.take(peer).last?["err"] == "Error: Too many subscriptions.")
        bench.hear([UInt8](repeating: 0x20, count: 4001), from: peer)
        bench.hear(Array(#"[{},{},{}]"#.utf8), from: peer)
        bench.hear([0xFF, 0xFE], from: peer)
        #expect(bench.take(peer).map { $0["dam"] } == ["!", "!", "!"])
        _ = bench.join(2)
        _ = bench.join(3)
        #expect(bench.closed[RelayCore.Peer(3)] == .full(what: "connections"))
    }

    @Test("A large node is answered in messages that name each other")
    func chunks() {
        var limits = GunLimits()
        limits.replyBytes = 500
        var bench = RelayBench(limits: limits)
        let peer = bench.join(1)
        var node = GunNode("big")
        for index in 0..<20 { node.entries[NodeKey("k\(index)")] = bench.entry(.number(Double(index))) }
        bench.put("p", [node], as: peer)
        _ = bench.take(peer)
        bench.say(["#": "g", "get": ["#": "big"]], as: peer)
        let parts = bench.take(peer)
        #expect(parts.count > 2)
        for (part, next) in zip(parts, parts.dropFirst()) { #expect(part["%"] == next["#"]) }
        #expect(parts.last?["%"] == nil)
        #expect(parts.allSatisfy { $0["@"] == "g" })
        var keys = 0
        for part in parts { keys += (part["put"]?["big"]?.members?.count ?? 1) - 1 }
        #expect(keys == 20)
    }

    @Test("Patterns are answered with the first fit, or with as many as the budget holds")
    func budgets() {
        var bench = RelayBench()
        let peer = bench.join(1)
        var node = GunNode("s")
        for index in 0..<10 { node.entries[NodeKey("k\(index)")] = bench.entry(1) }
        bench.put("p", [node], as: peer)
        _ = bench.take(peer)
        func keys(_ json: JSON?) -> [String] { (json?["put"]?["s"]?.members ?? []).map(\.name).filter { $0 != "_" } }
        bench.say(["#": "1", "get": ["#": "s", ".": [">": "k3"]]], as: peer)
        bench.say(["#": "2", "get": ["#": "s", ".": [">": "k3", "<": "k5"], "%": 50_000]], as: peer)
        bench.say(["#": "3", "get": ["#": "s", ".": ["*": "k", "-": 1], "%": 25]], as: peer)
        bench.say(["#": "4", "get": ["#": "s", ".": ["*": "z"]]], as: peer)
        bench.say(["#": "5", "get": ["#": ["*": "s"]]], as: peer)
        let answers = bench.take(peer)
        #expect(answers.prefix(4).map(keys) == [["k3"], ["k3", "k4", "k5"], ["k8", "k9"], []])
        #expect(answers.last?["err"] != nil)
    }

    @Test("The heartbeat comes every twenty seconds while somebody listens")
    func heartbeat() {
        var bench = RelayBench()
        #expect(bench.core.nextDeadline == nil)
        let peer = bench.join(1)
        bench.wait(20_000)
        bench.wait(20_000)
        #expect(bench.take(peer) == [[], []])
        bench.core.disconnect(peer)
        #expect(bench.core.nextDeadline == nil)
    }

    @Test("A batch may hold texts, and what is no message in it is left out")
    func batch() {
        var bench = RelayBench()
        let peer = bench.join(1)
        let batch = ##"[{"#":"a","get":{"#":"s"}},"{\"#\":\"b\",\"get\":{\"#\":\"s\"}}",7,"x",null,[]]"##
        bench.hear(Array(batch.utf8), from: peer)
        #expect(bench.take(peer).map { $0["@"] } == ["a", "b"])
    }

    @Test("A batch that asks for more than can wait for its peer ends the connection")
    func amplification() {
        var limits = GunLimits()
        limits.outboxBytes = 10_000
        var bench = RelayBench(limits: limits)
        let peer = bench.join(1)
        bench.put("p", [GunNode("s", ["a": bench.entry(.text(String(repeating: "x", count: 2000)))])], as: peer)
        let batch = (0..<100).map { ##"{"#":"g\##($0)","get":{"#":"s"}}"## }.joined(separator: ",")
        bench.hear(Array("[\(batch)]".utf8), from: peer)
        #expect(bench.closed[peer] == .full(what: "answers"))
        #expect(bench.take(peer).count < 10)
    }

    @Test("Remembered ids stay within their bound")
    func bounded() {
        var seen = SeenMessages<Int>(limit: 100)
        for index in 0..<10_000 { _ = seen.insert(MessageID("\(index)"), from: 1, at: 0) }
        #expect(seen.count <= 102)
        let isNew = seen.insert("9999", from: 1, at: 1)
        #expect(!isNew)
        for _ in 0..<10_000 { _ = seen.insert("same", from: 1, at: 2) }
        #expect(seen.count <= 102)
    }
}
