// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingGun

@Suite("Decoders fed with what mutation makes of good input")
struct MutationTests {
    private static func samples() throws -> [[UInt8]] {
        var samples: [[UInt8]] = []
        for step in try Vectors.list("relay-transcript", "steps") {
            for name in ["send", "recv"] {
                for message in step[name]?.arrayValue ?? [] { samples.append(Array(try message.text(of: "data").utf8)) }
            }
        }
        for put in try Vectors.list("sea", "user_put") { samples.append(Array(try put.text(of: "wire_value").utf8)) }
        for signed in try Vectors.list("sea", "sign") { samples.append(Array(try signed.text(of: "output").utf8)) }
        for sealed in try Vectors.list("sea", "encrypt") { samples.append(Array(try sealed.text(of: "output").utf8)) }
        return samples
    }

    private static let words = [
        "{", "}", "[", "]", ":", ",", "\"", "\\ud83d", "\\udbf6\\udc00", "null", "-0", "1e999", "9007199254740993", "#",
        "##", "><", "@", "~", "~@", "<?", "%", "_", ">", ".", "*", "SEA{", "\u{10D800}", "\u{0}",
    ].map { Array($0.utf8) }

    private static func mutants(_ seed: UInt64, _ count: Int, _ body: ([UInt8]) throws -> Void) throws {
        var random = SeededGenerator(seed: seed)
        let samples = try samples()
        for _ in 0..<count {
            var bytes = try #require(samples.randomElement(using: &random))
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                let end = min(bytes.count, place + Int.random(in: 1...32, using: &random))
                switch Int.random(in: 0..<6, using: &random) {
                case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: bytes.removeSubrange(place..<end)
                case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
                case 3: bytes.removeSubrange(place...)
                default: bytes.insert(contentsOf: try #require(words.randomElement(using: &random)), at: place)
                }
            }
            try body(bytes)
        }
    }

    @Test("What JSON reads is written so that it reads the same again")
    func json() throws {
        try Self.mutants(1, 4000) { bytes in
            guard let json = try? JavaScriptJSON.parse(bytes) else { return }
            for order in [JavaScriptJSON.Order.insertion, .sorted] {
                let written = JavaScriptJSON.bytes(json, order: order)
                let again = try JavaScriptJSON.parse(written)
                #expect(JavaScriptJSON.bytes(again, order: order) == written)
            }
        }
    }

    @Test("What a graph reads is written so that it reads the same again")
    func graphs() throws {
        try Self.mutants(2, 4000) { bytes in
            guard let messages = try? GunMessage.decode(bytes, limits: GunLimits()) else { return }
            for message in messages {
                guard case .put(let put) = message.body, let nodes = try? GraphWire.nodes(put, limits: GunLimits())
                else {
                    continue
                }
                let again = try JavaScriptJSON.parse(JavaScriptJSON.bytes(GraphWire.json(nodes)))
                #expect(try GraphWire.nodes(again, limits: GunLimits()) == nodes)
            }
        }
    }

    @Test("A relay answers everything with messages that can be read")
    func relay() throws {
        var bench = RelayBench(.everybody)
        let peer = bench.join(1, pid: "a")
        let other = bench.join(2, pid: "b")
        try Self.mutants(3, 3000) { bytes in
            bench.now += 3
            for action in bench.core.receive(bytes, from: peer, at: bench.now) + bench.core.advance(to: bench.now) {
                if case .send(let sent, _) = action { _ = try GunMessage.decode(sent, limits: GunLimits()) }
            }
        }
        bench.say(["#": "last", "get": ["#": "s"]], as: other)
        #expect(bench.take(other).last?["@"] == "last")
    }

    @Test("A client takes everything, and believes nothing in user space that is not signed")
    func client() throws {
        var bench = ClientBench()
        let relay = bench.join(0)
        let alice = try Vectors.pair("alice")
        _ = try bench.follow(alice.pub.soul)
        try Self.mutants(4, 3000) { bytes in
            bench.run(bench.core.receive(bytes, from: relay, at: bench.now))
        }
        let permitted: Set<GunValue> = [7, .text(alice.pub.text)]
        #expect(bench.changes.allSatisfy { permitted.contains($0.value) })
    }

    @Test("No mutant of a signed, sealed or certified text passes for another value")
    func envelopes() throws {
        let alice = try Vectors.pair("alice")
        var signed: Set<JSON> = []
        for vector in try Vectors.list("sea", "sign") { signed.insert(try vector.at("m")) }
        try Self.mutants(5, 1500) { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { return }
            if let value = SEA.verify(text, by: alice.pub) { #expect(signed.contains(value)) }
            _ = try? SEA.decrypt(.string(text), key: "passphrase")
            _ = GunCertificate(.string(text), issuer: alice.pub)
            _ = UserSpace.check(GunEntry(.text(text), state(1)), at: "k", of: alice.pub.soul, now: 2)
            _ = UserSpace.check(GunEntry(1, state(1)), at: "k", of: Soul(text), now: 2)
            _ = try? GunPublicKey(text)
            _ = try? RelayAddress(text)
        }
    }

    @Test("Frames in any order end in a message within the limit, or in a close")
    func frames() {
        var random = SeededGenerator(seed: 6)
        for _ in 0..<500 {
            var assembly = FrameAssembly(.server, limit: 50, now: 0)
            for step in 0..<20 {
                let frame = FrameAssembly.Frame(
                    opcode: [0, 1, 1, 0, 9, 10, 8, 2, 5].randomElement(using: &random) ?? 0,
                    isFinal: .random(using: &random), hasReservedBits: Int.random(in: 0..<20, using: &random) == 0,
                    isMasked: Int.random(in: 0..<20, using: &random) != 0,
                    payload: [UInt8](repeating: 1, count: .random(in: 0...30, using: &random)))
                let outcome = assembly.take(frame, at: Double(step))
                if case .message(let bytes) = outcome { #expect(bytes.count <= 50) }
                if case .violation(let code, _) = outcome { #expect((1002...1009).contains(code)) }
            }
        }
    }
}
