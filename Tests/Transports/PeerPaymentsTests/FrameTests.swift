// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPeerPayments
import FarthingPrimitives
import HTTPTypes
import Testing

@Suite("Frames of a payment stream")
struct FrameTests {
    static let frames: [PeerFrame] = [
        .request(
            id: 1,
            PeerRequest(
                method: "POST", target: "/a?b=c", headers: [.accept: "text/plain", .contentType: "application/json"],
                payment: Array(#"{"x402Version":2}"#.utf8), body: [1, 2, 3]), isWhole: true),
        .request(id: 300, PeerRequest(target: "/"), isWhole: false),
        .base(slot: 63, PeerRequest(target: "/w", payment: Array(repeating: 7, count: 2000))),
        .payments([
            RepeatedPayment(id: 4, slot: 0, difference: TextDifference(prefix: 200, suffix: 5, middle: [9])),
            RepeatedPayment(
                id: 5, slot: 1, isBrief: true, difference: TextDifference(prefix: 0, suffix: 0, middle: [])),
        ]),
        .body(id: .max, [1], .more), .body(id: 0, [], .last), .body(id: 7, [], .brokenOff),
        .cancel(id: 12),
        .answer(id: 9, PeerAnswer(status: 402, headers: [.retryAfter: "1"], body: [0]), isWhole: true),
        .paid([PaidAnswer(id: 1, receipt: "e30=", contentType: "text/plain", body: [65])]),
        .end(code: "peer.x", message: "Why."),
    ]

    @Test("What is written is read again, in pieces of any size", arguments: [1, 2, 3, 7, 64, 100_000])
    func roundTrip(piece: Int) throws {
        let bytes = Self.frames.flatMap(\.bytes)
        var decoder = FrameDecoder()
        var read: [PeerFrame] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            decoder.append(Array(bytes[start..<min(start + piece, bytes.count)]))
            while let frame = try decoder.next() { read.append(frame) }
        }
        try decoder.finish()
        #expect(read == Self.frames)
    }

    @Test("A stream that ends within a frame is cut short", arguments: frames.indices)
    func cutShort(index: Int) throws {
        let bytes = Self.frames[index].bytes
        for count in 1..<bytes.count {
            var decoder = FrameDecoder()
            decoder.append(Array(bytes[..<count]))
            #expect(try decoder.next() == nil)
            #expect(throws: PeerFrameFault.cutShort) { try decoder.finish() }
        }
    }

    @Test("A frame that is longer than may be is refused before it is read")
    func tooLong() {
        var decoder = FrameDecoder()
        decoder.append([0x81, 0x80, 0x10])
        #expect(throws: PeerFrameFault.tooLong(262_145)) { try decoder.next() }
    }

    @Test(
        "A length in more bytes than it needs is malformed",
        arguments: [[0x81, 0x00], [0x80, 0x80, 0x80, 0x80, 0x01]] as [[UInt8]])
    func overlongLength(bytes: [UInt8]) {
        var decoder = FrameDecoder()
        decoder.append(bytes)
        #expect(throws: PeerFrameFault.malformed("length")) { try decoder.next() }
    }

    @Test("A frame of a type that nobody knows is refused")
    func unknownType() {
        #expect(throws: PeerFrameFault.unknownType(99)) { try PeerFrame(content: [99]) }
        #expect(throws: PeerFrameFault.malformed("type")) { try PeerFrame(content: []) }
    }

    @Test(
        "Words that are no HTTP are malformed",
        arguments: [
            (PeerRequest(method: "G T", target: "/"), "method"), (PeerRequest(method: "get", target: "/"), "method"),
            (PeerRequest(method: "GeT", target: "/"), "method"), (PeerRequest(target: "a"), "target"),
            (PeerRequest(target: "/ä"), "target"), (PeerRequest(target: ""), "target"),
            (PeerRequest(target: "/" + String(repeating: "a", count: 9000)), "target"),
        ])
    func malformedWords(request: PeerRequest, what: String) {
        let frame = PeerFrame.request(id: 1, request, isWhole: true).bytes
        var decoder = FrameDecoder()
        decoder.append(frame)
        #expect(throws: PeerFrameFault.malformed(what)) { try decoder.next() }
    }

    @Test("Mutated frames are read as frames or refused, and what is read is written alike")
    func mutations() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            var bytes = Self.frames[Int.random(in: Self.frames.indices, using: &generator)].bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: bytes.indices, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = .random(in: .min ... .max, using: &generator)
                case 1: bytes.insert(.random(in: .min ... .max, using: &generator), at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            var decoder = FrameDecoder()
            decoder.append(bytes)
            var read: [PeerFrame] = []
            do throws(PeerFrameFault) {
                while let frame = try decoder.next() { read.append(frame) }
            } catch {
                #expect(error.code.hasPrefix("peer."))
            }
            for frame in read {
                var again = FrameDecoder()
                again.append(frame.bytes)
                #expect(try again.next() == frame)
            }
        }
    }

    @Test("The difference between any two texts leads from one to the other")
    func differences() {
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<2000 {
            let base = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                UInt8.random(in: 0...2, using: &generator)
            }
            let text = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                UInt8.random(in: 0...2, using: &generator)
            }
            #expect(TextDifference(from: base, to: text).applied(to: base) == text)
        }
        #expect(TextDifference(prefix: 3, suffix: 3, middle: []).applied(to: [1, 2, 3, 4, 5]) == nil)
        #expect(TextDifference(prefix: .max, suffix: 1, middle: []).applied(to: [1]) == nil)
    }
}
