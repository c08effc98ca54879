// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@testable import FarthingGun

@Suite("What a relay answers, beside what GUN's own relay was recorded to answer")
struct RelayTranscriptTests {
    /// Where this relay differs on purpose: it passes nothing on that it would not take itself.
    private static let stricter: Set<String> = ["bad-nostate", "bad-array", "bad-object", "badjson"]

    @Test("All recorded steps come out the same, ids of its own apart")
    func transcript() throws {
        let steps = try Vectors.list("relay-transcript", "steps")
        #expect(steps.count == 36)
        var relay = RelayCore(forwarding: .everybody)
        var now = 1_795_226_123_000.0
        let peers = ["a": RelayCore.Peer(1), "b": RelayCore.Peer(2)]
        var sent: Set<String> = []
        for step in steps {
            let name = try step.text(of: "name")
            now += 10
            if name == "future-lands" { now = 1_795_226_124_300 }
            var actions = relay.advance(to: now)
            if name == "connect" {
                for peer in [1, 2] { actions += relay.connect(.init(peer), at: now) }
            }
            for message in try #require(step["send"]?.arrayValue) {
                let data = try message.text(of: "data")
                if let json = try? JavaScriptJSON.parse(Array(data.utf8)) {
                    for each in json.arrayValue ?? [json] { if let id = each["#"]?.stringValue { sent.insert(id) } }
                }
                let peer = try #require(peers[try message.text(of: "conn")])
                actions += relay.receive(Array(data.utf8), from: peer, at: now)
            }
            if Self.stricter.contains(name) {
                let answers = texts(actions, to: try #require(peers["a"]), sent)
                #expect(answers.count == 1 && answers[0].contains(#""err":"#), "\(name)")
                #expect(texts(actions, to: try #require(peers["b"]), sent).isEmpty, "\(name)")
                continue
            }
            for (label, peer) in peers {
                var expected: [String] = []
                for message in try #require(step["recv"]?.arrayValue) where message["conn"]?.stringValue == label {
                    let json = try JavaScriptJSON.parse(Array(try message.text(of: "data").utf8))
                    for each in json.arrayValue ?? [json] { expected.append(masked(each, sent)) }
                }
                // GUN sends a large node first in parts from memory, and then whole from its disk.
                if name == "get-big", label == "b" { expected = [try #require(expected.last)] }
                var answers = texts(actions, to: peer, sent)
                // And asks others without a hash, since it has none of the whole.
                if name == "get-big", label == "a" {
                    answers = answers.map { $0.replacing(###""##":-705725242,"###, with: "") }
                }
                #expect(answers.sorted() == expected.sorted(), "\(name) \(label)")
            }
        }
    }

    private func texts(_ actions: [RelayCore.Action], to peer: RelayCore.Peer, _ sent: Set<String>) -> [String] {
        actions.compactMap { action in
            switch action {
            case .send(let bytes, peer), .store(_, .some(let bytes), peer):
                guard let json = try? JavaScriptJSON.parse(bytes) else { return nil }
                // What goes out is sorted already, byte for byte.
                #expect(String(decoding: bytes, as: UTF8.self) == JavaScriptJSON.text(json, order: .sorted))
                return masked(json, sent)
            case .send, .store, .close, .forget: return nil
            }
        }
    }

    /// A message without what a relay makes up itself.
    private func masked(_ json: JSON, _ sent: Set<String>) -> String {
        var json = json
        if let id = json["#"]?.stringValue, !sent.contains(id) { json = json.adding("#", "own") }
        if json["pid"] != nil { json = json.adding("pid", "own") }
        return JavaScriptJSON.text(json, order: .sorted)
    }
}
