// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@testable import FarthingGun

@Suite("The room at a relay")
struct RelayRoomTests {
    /// A stranger writes many nodes in seconds, over one connection.
    @Test(
        "A relay is never full: what was written longest ago makes room, and what is signed does so for what is signed")
    func crowds() throws {
        var limits = GunLimits()
        limits.nodes = 20
        var bench = RelayBench(limits: limits)
        let (mallory, other) = (bench.join(1), bench.join(2))
        let alice = try Vectors.pair("alice")
        let soul = alice.pub.soul.child("backup")
        let backup = try UserSpace.sign("agreement", at: "a", of: soul, state: state(5), with: alice)
        bench.put("alice", [GunNode(soul, ["a": GunEntry(backup, state(5))])], as: other)
        for index in 0..<1000 {
            bench.put("m\(index)", [GunNode(Soul("m\(index)"), ["x": bench.entry(1)])], as: mallory)
            // A door that is kept open.
            bench.put("d\(index)", [GunNode("door", ["call": bench.entry(.number(Double(index)))])], as: other)
            bench.wait(1)
        }
        #expect(bench.core.graph.count == 20)
        #expect(bench.core.node(soul)?["a"] == backup)
        #expect(bench.core.node("door")?["call"] == 999)
        #expect(bench.forgotten.count == 1002 - 20 && !bench.forgotten.contains("door"))
        let answers = bench.take(other) + bench.take(mallory)
        #expect(answers.count == 2001 && answers.allSatisfy { $0["ok"] == true })
        // Nor does one who signs push out what anybody may write.
        for index in 0..<30 {
            let pair = GunKeyPair()
            let value = try UserSpace.sign(1, at: "a", of: pair.pub.soul, state: state(5), with: pair)
            bench.put("s\(index)", [GunNode(pair.pub.soul, ["a": GunEntry(value, state(5))])], as: mallory)
        }
        #expect(bench.core.graph.count == 20)
        #expect(bench.core.node("door")?["call"] == 999)
    }

    /// A stranger asks for long names over as many connections as it gets.
    @Test("What strangers ask for takes bounded room, and leaves some for whoever comes")
    func subscriptions() {
        var limits = GunLimits()
        limits.subscribedBytesInAll = 100_000
        var bench = RelayBench(limits: limits)
        var asked = 0
        func ask(_ soul: String, as peer: RelayCore.Peer) -> Bool {
            asked += 1
            bench.say(["#": .string("g\(asked)"), "get": ["#": .string(soul)]], as: peer)
            return !bench.take(peer).contains { $0["err"] == "Error: Too many subscriptions." }
        }
        let strangers = (1...40).map { bench.join($0) }
        for stranger in strangers {
            for number in 0..<200 {
                guard ask(String(repeating: "s", count: 900) + "\(stranger.number) \(number)", as: stranger) else {
                    break
                }
            }
        }
        #expect((90_000...100_000).contains(bench.core.askedBytes))
        let honest = bench.join(100)
        #expect(ask("mine", as: honest))
        // Who is gone holds nothing, and what is asked for again costs nothing.
        for stranger in strangers { bench.core.disconnect(stranger) }
        #expect(ask("mine", as: honest) && bench.core.askedBytes == 4 + 64)
    }

    @Test("What is written stays, whichever kind has more, and what it makes room for goes")
    func keepsWhatIsWritten() throws {
        var limits = GunLimits()
        limits.nodes = 6
        var bench = RelayBench(limits: limits)
        let peer = bench.join(1)
        let alice = try Vectors.pair("alice")
        let soul = alice.pub.soul
        let signed = try UserSpace.sign(1, at: "a", of: soul, state: state(5), with: alice)
        bench.put("signed", [GunNode(soul, ["a": GunEntry(signed, state(5))])], as: peer)
        let common = ["a", "b", "c", "d", "e"].map { Soul($0) }
        bench.put("common", common.map { GunNode($0, ["x": bench.entry(1)]) }, as: peer)
        bench.wait(1)
        // More than half is common, and all of that is written again.
        bench.put("more", (common + ["f"]).map { GunNode($0, ["x": bench.entry(2)]) }, as: peer)
        #expect(bench.take(peer).map { $0["ok"] } == [true, true, true])
        #expect(bench.forgotten == [soul])
        #expect((common + ["f"]).allSatisfy { bench.core.node($0)?["x"] == 2 })
        bench.wait(1)
        bench.put("all", (common + ["f", "g"]).map { GunNode($0, ["x": bench.entry(3)]) }, as: peer)
        #expect(bench.take(peer).map { $0["err"] } == ["Full."])
        #expect(bench.core.node("a")?["x"] == 2)
    }

    @Test("A value that replaces another takes the room of that one")
    func replaced() {
        var limits = GunLimits()
        limits.graphBytes = 500
        var bench = RelayBench(limits: limits)
        let peer = bench.join(1)
        for letter in ["x", "y", "z"] {
            bench.wait(1)
            bench.put(
                letter, [GunNode("a", ["t": bench.entry(.text(String(repeating: letter, count: 300)))])], as: peer)
        }
        #expect(bench.take(peer).map { $0["ok"] } == [true, true, true])
        #expect(bench.forgotten.isEmpty)
    }

    @Test("Who sends values from the future by the thousand leaves room for a clock that is a little ahead")
    func futures() {
        var limits = GunLimits()
        limits.deferred = 100
        var bench = RelayBench(limits: limits)
        let (mallory, honest) = (bench.join(1), bench.join(2))
        func flood(_ id: String, ahead: Double) {
            let entries = (0..<200).map { (NodeKey("k\($0)"), bench.entry(1, -ahead - Double($0))) }
            bench.put(id, [GunNode(Soul(id), Dictionary(uniqueKeysWithValues: entries))], as: mallory)
        }
        flood("far", ahead: 80_000_000)
        for round in 0..<200 {
            // The same again is one.
            bench.put("h\(round)", [GunNode("h", ["a": GunEntry(1, state(1_795_300_000_500))])], as: honest)
        }
        #expect(bench.core.deferred.count == 100)
        flood("near", ahead: 100)
        #expect(bench.core.deferred.count == 100)
        bench.wait(500)
        #expect(bench.core.node("h")?["a"] == 1)
    }
}
