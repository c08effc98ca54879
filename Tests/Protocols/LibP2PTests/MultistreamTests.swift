// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingLibP2P

@Suite("Multistream-select")
struct MultistreamTests {
    @Test("Every recorded line is written and read, whole or byte by byte")
    func lines() throws {
        for entry in try Samples.list(try Samples.vectors("multistream")["frames"]) {
            let (text, bytes) = (try Samples.text(entry["text"]), try Samples.bytes(entry["hex"]))
            #expect(MultistreamLines.encode(text) == bytes)
            var lines = MultistreamLines()
            for byte in bytes.dropLast() {
                lines.append([byte])
                #expect(try lines.next() == nil)
            }
            lines.append(bytes.suffix(1) + [42])
            #expect(try lines.next() == text)
            #expect(lines.rest == [42])
        }
    }

    @Test("Every recorded dialogue goes as recorded", arguments: [false, true])
    func dialogues(byteByByte: Bool) throws {
        for entry in try Samples.list(try Samples.vectors("multistream")["dialogues"]) {
            let dialed = try Samples.list(entry["dialer"]).flatMap { try Samples.bytes($0) }
            let expected = try Samples.list(entry["listener"]).flatMap { try Samples.bytes($0) }
            var listener = MultistreamListener()
            var replies = listener.opening
            var agreed: MultistreamListener.Agreement?
            for chunk in byteByByte ? dialed.map({ [$0] }) : [dialed] {
                let step = try listener.receive(chunk) { $0 == "/noise" }
                replies += step.reply
                agreed = step.agreed ?? agreed
            }
            #expect(replies == expected)
            #expect(agreed?.name == "/noise")
        }
    }

    @Test("A dialer goes through its proposals, and keeps what comes behind the answer")
    func dialer() throws {
        var dialer = try MultistreamDialer(proposing: ["/a", "/b"])
        #expect(dialer.opening == MultistreamLines.encode("/multistream/1.0.0", "/a"))
        #expect(try dialer.receive(MultistreamLines.encode("/multistream/1.0.0")) == .wait)
        #expect(try dialer.receive(MultistreamLines.encode("na")) == .send(MultistreamLines.encode("/b")))
        #expect(try dialer.receive(MultistreamLines.encode("/b") + [1, 2]) == .agreed("/b", rest: [1, 2]))
    }

    @Test("A dialer refuses what a listener must not answer")
    func dialerRefusals() throws {
        let header = MultistreamLines.encode("/multistream/1.0.0")
        func answer(_ bytes: [UInt8]) throws -> MultistreamDialer.Step {
            var dialer = try MultistreamDialer(proposing: ["/a"])
            return try dialer.receive(bytes)
        }
        #expect(throws: MultistreamError.noneInCommon) { try answer(header + MultistreamLines.encode("na")) }
        #expect(throws: MultistreamError.unasked("/c")) { try answer(header + MultistreamLines.encode("/c")) }
        #expect(throws: MultistreamError.wrongVersion) { try answer(MultistreamLines.encode("/multistream/2.0.0")) }
        #expect(throws: MultistreamError.wrongVersion) { try answer(MultistreamLines.encode("na")) }
        #expect(throws: MultistreamError.wrongVersion) { try answer(Array("GET /".utf8)) }
        #expect(throws: MultistreamError.badLength) { try answer([0]) }
        #expect(throws: MultistreamError.badLength) { try answer([0x80, 0x00]) }
        #expect(throws: MultistreamError.lineTooLong(length: 1025, limit: 1024)) { try answer([0x81, 0x08]) }
        #expect(throws: MultistreamError.badLine) { try answer([2, 0x61, 0x61]) }
        #expect(throws: MultistreamError.badLine) { try answer([2, 0xff, 0x0a]) }
        #expect(throws: MultistreamError.badName) { try MultistreamDialer(proposing: ["a\nb"]) }
        #expect(throws: MultistreamError.noneInCommon) { try MultistreamDialer(proposing: []) }
    }

    @Test("A listener refuses what it does not have, and a peer that never stops proposing")
    func listenerRefusals() throws {
        var listener = MultistreamListener()
        let header = MultistreamLines.encode("/multistream/1.0.0")
        let step = try listener.receive(header + MultistreamLines.encode("ls", "/x", "na")) { _ in true }
        // `ls` is a name like any other here, so it is agreed to by a listener that takes everything.
        #expect(step.agreed?.name == "ls")
        var strict = MultistreamListener()
        _ = try strict.receive(header) { _ in false }
        for _ in 0..<64 {
            let step = try strict.receive(MultistreamLines.encode("/x")) { _ in false }
            #expect(step.reply == MultistreamLines.encode("na"))
        }
        #expect(throws: MultistreamError.tooManyProposals(limit: 64)) {
            try strict.receive(MultistreamLines.encode("/x")) { _ in false }
        }
        var wrong = MultistreamListener()
        #expect(throws: MultistreamError.wrongVersion) {
            try wrong.receive(MultistreamLines.encode("/noise")) { _ in true }
        }
    }

    @Test("No change of a dialogue makes either side fail otherwise")
    func mutations() throws {
        var generator = SeededGenerator(seed: 13)
        let talk = MultistreamLines.encode("/multistream/1.0.0", "na", "/b", "/c")
        for _ in 0..<20_000 {
            let bytes = Samples.mutate(talk, &generator)
            var dialer = try MultistreamDialer(proposing: ["/a", "/b"])
            var listener = MultistreamListener()
            _ = try? dialer.receive(bytes)
            _ = try? listener.receive(bytes) { $0 == "/c" }
        }
    }
}
