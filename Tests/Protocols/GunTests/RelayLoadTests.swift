// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@testable import FarthingGun

@Suite("A relay whose disk is behind, or whose peers ask for much")
struct RelayLoadTests {
    @Test("While nothing can be stored a write is refused, and what is due waits")
    func refusing() {
        var bench = RelayBench()
        let peer = bench.join(1)
        bench.put("p", [GunNode("s", ["a": bench.entry(1, -500)])], as: peer)
        let heartbeat = bench.core.heartbeatAt
        bench.core.refusesWrites = true
        #expect(bench.core.nextDeadline == heartbeat)
        bench.wait(500)
        bench.put("q", [GunNode("s", ["b": bench.entry(1)])], as: peer)
        #expect(bench.take(peer).map { $0["err"] } == ["Error: The relay's file cannot be written."])
        #expect(bench.core.node("s") == nil && bench.stored.isEmpty)
        bench.core.refusesWrites = false
        bench.wait(0)
        #expect(bench.core.node("s")?["a"] == 1 && bench.stored.count == 1)
    }

    @Test("What is not stored yet is shown after it is")
    func storedLater() {
        var bench = RelayBench()
        let peer = bench.join(1)
        bench.core.storesLater = true
        let write = GunMessage.bytes(["#": "p", "put": GraphWire.json([GunNode("s", ["a": bench.entry(1)])])])
        let question = GunMessage.bytes(["#": "g", "get": ["#": "s"]])
        let (written, asked) = (
            bench.core.receive(write, from: peer, at: bench.now),
            bench.core.receive(question, from: peer, at: bench.now)
        )
        guard case .store(let nodes, .some, peer)? = written.last, case .store([], .some, peer)? = asked.first else {
            Issue.record("\(written) \(asked)")
            return
        }
        bench.core.stored(nodes)
        bench.say(["#": "h", "get": ["#": "s"]], as: peer)
        #expect(bench.take(peer).map { $0["put"]?["s"]?["a"] } == [1])
    }

    @Test("A question whose answer the asker has already costs nothing, and nobody asks for more by having it")
    func knownAnswers() {
        var limits = GunLimits()
        limits.outboxBytes = 10_000
        var bench = RelayBench(limits: limits)
        let peer = bench.join(1)
        let text = GunValue.text(String(repeating: "x", count: 1500))
        bench.put("p", [GunNode("s", ["a": bench.entry(text, 20)])], as: peer)
        bench.say(["#": "g", "get": ["#": "s"]], as: peer)
        let whole = bench.take(peer).last?["##"]
        #expect(bench.core.looked > 1500)
        bench.say(["#": "h", "get": ["#": "s"], "##": whole], as: peer)
        #expect(bench.take(peer).isEmpty && bench.core.looked == 0)
        // Once it has changed it is looked at again.
        bench.put("q", [GunNode("s", ["b": bench.entry(1)])], as: peer)
        bench.say(["#": "i", "get": ["#": "s"], "##": whole], as: peer)
        #expect(bench.take(peer).last?["put"]?["s"]?["b"] == 1 && bench.core.looked > 1500)
        // The hash of a part is not remembered, and each question costs what it finds, though nothing is sent.
        bench.say(["#": "j", "get": ["#": "s", ".": "a"]], as: peer)
        let part = bench.take(peer).last?["##"]
        bench.say(["#": "k", "get": ["#": "s", ".": "a"], "##": part], as: peer)
        #expect(bench.take(peer).isEmpty && bench.core.looked > 1500)
        let batch = (0..<100).map { number in
            JSON.object(["#": .string("n\(number)"), "##": part, "get": ["#": "s", ".": "a"]])
        }
        bench.hear(JavaScriptJSON.bytes(.array(batch)), from: peer)
        #expect(bench.closed[peer] == .full(what: "answers"))
        #expect(bench.core.looked < 13_000)
        #expect(bench.take(peer).map { $0["err"] } == ["Error: Too much is asked for."])
    }

    @Test("A peer that asks for much in little time is let wait, and nobody else")
    func muchAsked() {
        var limits = GunLimits()
        limits.outboxBytes = 10_000
        limits.questionBytesPerSecond = 10_000
        var bench = RelayBench(limits: limits)
        let (greedy, modest) = (bench.join(1), bench.join(2))
        var node = GunNode("s")
        for index in 0..<100 { node.entries[NodeKey("k\(index)")] = bench.entry(1) }
        bench.put("p", [node], as: modest)
        // A pattern that fits nothing is held against every key all the same.
        for number in 0..<2 {
            bench.say(["#": .string("g\(number)"), "get": ["#": "s", ".": ["*": "z"]]], as: greedy)
        }
        #expect(abs(bench.core.pause - 280) < 1)
        bench.say(["#": "h", "get": ["#": "s", ".": "k1"]], as: modest)
        #expect(bench.core.pause == 0 && bench.take(modest).last?["put"] != nil)
        bench.wait(10_000)
        bench.say(["#": "i", "get": ["#": "s", ".": "k1"]], as: greedy)
        #expect(bench.core.pause == 0)
    }
}
