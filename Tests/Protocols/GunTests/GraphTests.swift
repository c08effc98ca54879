// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingGun
import Testing

@Suite("The graph and its merging")
struct GraphTests {
    @Test("All recorded cases of HAM come out as GUN decides them")
    func recordedCases() throws {
        let cases = try Vectors.list("ham", "cases")
        #expect(cases.count == 26)
        for recorded in cases {
            let name = try recorded.text(of: "name")
            var graph = Graph()
            if case .object? = recorded["have"] {
                graph.merge(
                    try GunEntry(vector: try recorded.at("have")), at: "k", of: "s", now: .greatestFiniteMagnitude)
            }
            let verdict = graph.merge(
                try GunEntry(vector: try recorded.at("incoming")), at: "k", of: "s", now: .greatestFiniteMagnitude)
            #expect((verdict == .applied) == recorded["incoming_applied"]?.boolValue, "\(name)")
            #expect(graph["s"]?.entries["k"] == (try GunEntry(vector: try recorded.at("result"))), "\(name)")
        }
    }

    @Test("All recorded hashes come out the same")
    func recordedHashes() throws {
        for recorded in try Vectors.list("ham", "hash") {
            let hash = try recorded.at("hash").integerValue
            if let put = recorded["put"] {
                #expect(JavaScriptJSON.text(put, order: .sorted) == (try recorded.text(of: "sorted_json")))
                #expect(Int64(GraphWire.hash(put)) == hash)
            } else {
                #expect(Int64(GraphWire.hash(try recorded.text(of: "text"))) == hash)
            }
        }
    }

    @Test("All recorded patterns match as GUN matches them")
    func recordedPatterns() throws {
        for recorded in try Vectors.list("ham", "match") {
            let text = try recorded.text(of: "text")
            let lex = try recorded.at("lex")
            let query: KeyQuery =
                if let exact = lex.stringValue { .exactly(NodeKey(exact)) } else { .matching(try #require(Lex(lex))) }
            #expect(query.matches(NodeKey(text)) == recorded["match"]?.boolValue, "\(text) \(lex)")
        }
    }

    @Test("The clock gives the recorded states within one millisecond")
    func recordedClock() throws {
        let sample = try #require(try Vectors.load("ham")["state_clock"]?["sample"]?.arrayValue)
        var clock = GunClock()
        for recorded in sample {
            #expect(JavaScriptJSON.number(clock.next(at: 1_795_226_433_155.7).milliseconds) == recorded)
        }
    }

    @Test("The clock never gives a state twice nor goes back")
    func clockAscends() {
        var clock = GunClock()
        var last = -Double.infinity
        for step in 0..<5000 {
            let now: Double = step < 3000 ? 1_795_226_433_155 : 1_795_226_433_100
            let state = clock.next(at: now).milliseconds
            #expect(state > last)
            last = state
        }
    }

    @Test("A clock that was far ahead goes on from where it is put right")
    func clockFalls() {
        var clock = GunClock()
        _ = clock.next(at: 1_795_226_433_155 + 7_200_000)
        #expect(clock.next(at: 1_795_226_433_155).milliseconds == 1_795_226_433_155)
    }

    @Test("A future state waits, and is applied when its time comes")
    func future() {
        var graph = Graph()
        let entry = GunEntry(1, GunState(1000) ?? state(0))
        #expect(graph.merge(entry, at: "k", of: "s", now: 999) == .deferred)
        #expect(graph["s"] == nil)
        #expect(graph.merge(entry, at: "k", of: "s", now: 1000) == .applied)
    }

    @Test("Any order of the same writes ends in the same graph")
    func convergence() {
        let values: [GunValue] = [nil, true, false, 1, 9, 10, "a", "é", "e\u{301}", .link("s"), -1.5]
        var entries: [GunEntry] = []
        for value in values { for time in 1...3 { entries.append(GunEntry(value, state(Double(time)))) } }
        var results: Set<GunEntry?> = []
        for _ in 0..<50 {
            entries.shuffle()
            var graph = Graph()
            for entry in entries { graph.merge(entry, at: "k", of: "s", now: 10) }
            results.insert(graph["s"]?.entries["k"])
        }
        #expect(results.count == 1)
    }

    @Test("Names that Unicode calls equal are different names")
    func exactNames() {
        var graph = Graph()
        graph.merge(GunEntry(1, state(1)), at: "\u{E9}", of: "s", now: 10)
        graph.merge(GunEntry(2, state(1)), at: "e\u{301}", of: "s", now: 10)
        #expect(graph["s"]?.entries.count == 2)
        #expect(Soul("\u{E9}") != Soul("e\u{301}"))
    }

    @Test("An object inside an object becomes a node of its own, with a link to it")
    func nested() throws {
        let tree: GunTree = ["a": 1, "b": ["c": "x", "d": [:]]]
        let nodes = try #require(tree.nodes(at: "s", state: state(5)))
        #expect(nodes.map(\.soul) == ["s", "s/b", "s/b/d"])
        #expect(nodes[0]["b"] == .link("s/b"))
        #expect(nodes[1]["c"] == "x")
        #expect(GunTree.value(1).nodes(at: "s", state: state(5)) == nil)
    }

    @Test("The changes since an older version are what HAM would apply")
    func changes() {
        let older = GunNode(
            "s", ["a": GunEntry(1, state(1)), "b": GunEntry(2, state(5)), "c": GunEntry("x", state(1))])
        let newer = GunNode(
            "s",
            [
                "a": GunEntry(2, state(2)), "b": GunEntry(1, state(4)), "c": GunEntry("x", state(1)),
                "d": GunEntry(nil, state(0)),
            ])
        #expect(Set(newer.changes(since: older).entries.keys) == ["a", "d"])
        #expect(newer.changes(since: nil) == newer)
    }

    @Test(
        "Graphs that are none are refused",
        arguments: [
            (##"{}"##, GraphWire.Fault.notANode), (##"[]"##, .notANode), (##"{"s":1}"##, .notANode),
            (##"{"s":{"x":1}}"##, .notANode), (##"{"s":{"_":{"#":"t",">":{"x":1}},"x":1}}"##, .notANode),
            (##"{"":{"_":{"#":"",">":{"x":1}},"x":1}}"##, .notANode),
            (##"{"s":{"_":{"#":"s"},"x":1}}"##, .badValue), (##"{"s":{"_":{"#":"s",">":{}},"x":1}}"##, .badValue),
            (##"{"s":{"_":{"#":"s",">":{"x":null}},"x":1}}"##, .badValue),
            (##"{"s":{"_":{"#":"s",">":{"x":1e999}},"x":1}}"##, .badValue),
            (##"{"s":{"_":{"#":"s",">":{"x":"1"}},"x":1}}"##, .badValue),
            (##"{"s":{"_":{"#":"s",">":{"x":1}},"x":[1]}}"##, .badValue),
            (##"{"s":{"_":{"#":"s",">":{"x":1}},"x":{"a":1}}}"##, .badValue),
            (##"{"s":{"_":{"#":"s",">":{"x":1}},"x":{"#":"t","a":1}}}"##, .badValue),
            (##"{"s":{"_":{"#":"s",">":{"x":1}},"x":1e999}}"##, .badValue),
            (##"{"s":{"_":{"#":"s",">":{"x":1}}}}"##, .badValue),
        ])
    func refused(text: String, fault: GraphWire.Fault) throws {
        let json = try JavaScriptJSON.parse(Array(text.utf8))
        #expect(throws: fault) { try GraphWire.nodes(json, limits: GunLimits()) }
    }

    @Test("What is beyond the limits is refused")
    func limits() throws {
        var limits = GunLimits()
        limits.soulBytes = 4
        limits.keyBytes = 3
        limits.valueBytes = 8
        limits.keysPerNode = 2
        limits.nodesPerMessage = 1
        func fault(_ nodes: [GunNode]) -> GraphWire.Fault? {
            do throws(GraphWire.Fault) {
                _ = try GraphWire.nodes(GraphWire.json(nodes), limits: limits)
                return nil
            } catch { return error }
        }
        let entry = GunEntry(1, state(1))
        #expect(fault([GunNode("soul", ["key": entry])]) == nil)
        #expect(fault([GunNode("souls", ["key": entry])]) == .tooLarge("soul"))
        #expect(fault([GunNode("soul", ["keys": entry])]) == .tooLarge("key"))
        #expect(fault([GunNode("soul", ["k": GunEntry("123456789", state(1))])]) == .tooLarge("value"))
        #expect(fault([GunNode("soul", ["a": entry, "b": entry, "c": entry])]) == .tooLarge("keys"))
        #expect(fault([GunNode("a", ["a": entry]), GunNode("b", ["a": entry])]) == .tooLarge("nodes"))
    }

    @Test("Nodes that link in a circle are nodes like others")
    func circle() throws {
        let nodes = [
            GunNode("a", ["to": GunEntry(.link("b"), state(1))]), GunNode("b", ["to": GunEntry(.link("a"), state(1))]),
        ]
        #expect(try GraphWire.nodes(GraphWire.json(nodes), limits: GunLimits()) == nodes)
    }
}

func state(_ milliseconds: Double) -> GunState {
    GunState(milliseconds) ?? GunClock.beginning
}

extension GunClock {
    static var beginning: GunState {
        var clock = GunClock()
        return clock.next(at: 0)
    }
}
