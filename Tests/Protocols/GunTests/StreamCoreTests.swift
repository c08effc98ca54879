// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@testable import FarthingGun

@Suite("One side of a stream")
struct StreamCoreTests {
    /// What stands in the graph of one side, as the last write of each key left it.
    private struct Shelf {
        var segments: [UInt64: StreamSegment] = [:]
        var status: StreamStatus?
    }

    private func segment(
        _ number: UInt64, taken: UInt64 = 0, isLast: Bool = false, bytes: [UInt8] = [1]
    ) -> StreamSegment {
        StreamSegment(number: number, taken: taken, isLast: isLast, bytes: bytes)
    }

    @Test("Bytes come as they were written, whatever is late, repeated, old or out of order", arguments: 1...40)
    func walk(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var (writer, reader) = (StreamCore(), StreamCore())
        let sent = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        var (rest, received) = (sent[...], [UInt8]())
        var (there, back) = (Shelf(), Shelf())
        var seen: [StreamSegment] = []
        var isAtEnd = false
        for _ in 0..<100_000 where !isAtEnd {
            switch Int.random(in: 0..<8, using: &random) {
            case 0 where writer.hasRoom && !rest.isEmpty:
                let part = rest.prefix(Int.random(in: 1...30_000, using: &random))
                writer.write(Array(part))
                rest = rest.dropFirst(part.count)
                if rest.isEmpty { writer.closeWrite() }
            case 1, 2:
                while let segment = writer.cut() {
                    // What is written over was taken.
                    if let old = there.segments[segment.number % StreamCore.window] {
                        #expect(old.number < reader.taken, "seed \(seed)")
                    }
                    there.segments[segment.number % StreamCore.window] = segment
                    seen.append(segment)
                }
            case 3, 4:
                if let segment = there.segments.values.randomElement(using: &random) {
                    _ = reader.take(segment, at: segment.number % StreamCore.window)
                }
            case 5:
                if let old = seen.randomElement(using: &random) {
                    _ = reader.take(old, at: old.number % StreamCore.window)
                }
            case 6:
                if let bytes = reader.read() { received += bytes } else { isAtEnd = true }
                back.status = reader.status()
            default:
                if let status = back.status { _ = writer.take(status) }
            }
            #expect(writer.condition == .open && reader.condition == .open, "seed \(seed)")
            #expect(writer.standing.count <= Int(StreamCore.window), "seed \(seed)")
        }
        #expect(isAtEnd && received == sent, "seed \(seed)")
    }

    @Test("What only the other side can have written, and must not, ends the stream")
    func violations() {
        let wrong: [(StreamSegment, UInt64)] = [
            (segment(0), 1), (segment(StreamCore.window), 0), (segment(0, taken: 1), 0),
            (segment(0, bytes: Array(repeating: 0, count: StreamCore.segmentBytes + 1)), 0),
        ]
        for (segment, slot) in wrong {
            var core = StreamCore()
            let isNews = core.take(segment, at: slot)
            #expect(isNews)
            #expect(core.condition == .broken)
        }
        for status in [
            StreamStatus(beat: 1, taken: 1, sent: 0, condition: .open),
            StreamStatus(beat: 1, taken: 0, sent: StreamCore.window + 1, condition: .open),
            StreamStatus(beat: 1, taken: 0, sent: 0, condition: .closed),
            StreamStatus(beat: 1, taken: 0, sent: 0, condition: .broken),
        ] {
            var core = StreamCore()
            let isNews = core.take(status)
            #expect(isNews)
            #expect(core.condition == .broken)
        }
        var core = StreamCore()
        _ = core.take(segment(0, isLast: true), at: 0)
        let read = [core.read(), core.read()]
        #expect(read == [[1], nil])
        _ = core.take(segment(1), at: 1)
        #expect(core.condition == .broken, "nothing follows the last")
    }

    @Test("What came before the last segment was read, and stands behind it, is nobody's")
    func behindTheEnd() {
        var core = StreamCore()
        _ = core.take(segment(1, bytes: [2]), at: 1)
        _ = core.take(segment(0, isLast: true), at: 0)
        let read = [core.read(), core.read()]
        #expect(read == [[1], nil])
    }

    @Test("An old status and a segment that came before say nothing")
    func old() {
        var core = StreamCore()
        let words = [
            core.take(StreamStatus(beat: 5, taken: 0, sent: 1, condition: .open)),
            core.take(StreamStatus(beat: 5, taken: 0, sent: 3, condition: .open)),
            core.take(StreamStatus(beat: 4, taken: 0, sent: 0, condition: .broken)),
        ]
        #expect(words == [true, false, false])
        #expect(core.misses)
        let pieces = [core.take(segment(0), at: 0), core.take(segment(0, bytes: [2]), at: 0)]
        #expect(pieces == [true, false], "the first counts")
        #expect(!core.misses)
        let bytes = core.read()
        #expect(bytes == [1])
        let again = core.take(segment(0), at: 0)
        #expect(!again)
        #expect(core.condition == .open)
    }

    @Test("Messages read back as they were written, and everything else is none")
    func messages() {
        let segment = segment(1 << 40, taken: 7, isLast: true, bytes: [1, 2, 3])
        #expect(StreamSegment(segment.message) == segment)
        let status = StreamStatus(beat: .max, taken: 3, sent: 9, condition: .closed)
        #expect(StreamStatus(status.message) == status)
        for count in 0..<StreamSegment.headBytes { #expect(StreamSegment(Array(segment.message.prefix(count))) == nil) }
        for count in 0..<25 { #expect(StreamStatus(Array(status.message.prefix(count))) == nil) }
        #expect(StreamStatus(status.message + [0]) == nil)
        #expect(StreamStatus(Array(repeating: 3, count: 25)) == nil)
        #expect(StreamSegment(Array(repeating: 0xFF, count: 16) + [0]) == nil)
        #expect(StreamSegment(Array(repeating: 2, count: 20)) == nil)
    }

    @Test("Random messages neither crash it nor fill it", arguments: 1...20)
    func random(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var core = StreamCore()
        var broken = 0
        for _ in 0..<4000 {
            if core.condition != .open {
                broken += 1
                core = StreamCore()
            }
            var bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8(0) }
            for place in [7, 15, 16, 23, 24] where place < bytes.count {
                bytes[place] = UInt8.random(in: 0...9, using: &random)
            }
            if let status = StreamStatus(bytes) { _ = core.take(status) }
            if let segment = StreamSegment(bytes) { _ = core.take(segment, at: segment.number % StreamCore.window) }
            if Bool.random(using: &random) { _ = core.read() }
            #expect(core.ahead == 0 && core.taken <= 20, "seed \(seed)")
        }
        #expect(broken > 0)
    }
}
