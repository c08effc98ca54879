// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingLibP2P

@Suite("Yamux")
struct YamuxTests {
    @Test("Every recorded frame is written and read")
    func frames() throws {
        let kinds: [String: YamuxHeader.Kind] = ["DATA": .data, "WINDOW": .window, "PING": .ping, "GOAWAY": .goAway]
        let flags: [String: YamuxHeader.Flags] = ["SYN": .syn, "ACK": .ack, "FIN": .fin, "RST": .rst]
        for entry in try Samples.list(try Samples.vectors("yamux")["frames"]) {
            let bytes = try Samples.bytes(entry["hex"])
            let header = YamuxHeader(
                try #require(kinds[try Samples.text(entry["type"])]),
                try Samples.list(entry["flags"]).reduce(into: []) { $0.formUnion(flags[try Samples.text($1)] ?? []) },
                stream: UInt32(try #require(entry["stream"]?.integerValue)),
                length: UInt32(try #require(entry["length"]?.integerValue)))
            #expect(header.bytes == Array(bytes.prefix(12)))
            var reader = ByteReader(bytes)
            #expect(try YamuxHeader(&reader) == header)
        }
    }

    /// All that a session has to send.
    private func drain(_ session: inout YamuxSession, limit: Int = 1 << 20) -> [UInt8] {
        var bytes: [UInt8] = []
        var sent: [YamuxSession.Sent] = []
        while let more = session.nextOutput(upTo: limit, sent: &sent) { bytes += more }
        return bytes
    }

    private func data(_ events: [YamuxSession.Event], on id: UInt32) -> [UInt8] {
        events.flatMap { event -> [UInt8] in if case .data(id, let bytes) = event { bytes } else { [] } }
    }

    @Test("A stream is opened, used both ways, half closed and forgotten")
    func life() throws {
        var (dialer, listener) = (YamuxSession(isDialer: true), YamuxSession(isDialer: false))
        let id = try dialer.open()
        #expect(id == 1)
        try dialer.send([1, 2, 3], on: id)
        dialer.closeWrite(id)
        #expect(try listener.receive(drain(&dialer)) == [.opened(1), .data(1, [1, 2, 3]), .finished(1)])
        try listener.send([4], on: 1)
        #expect(try dialer.receive(drain(&listener)) == [.acknowledged(1), .data(1, [4])])
        listener.closeWrite(1)
        #expect(try dialer.receive(drain(&listener)) == [.finished(1)])
        #expect(dialer.streamCount == 0)
        #expect(listener.streamCount == 0)
        #expect(try listener.open() == 2)
        #expect(throws: YamuxError.streamClosed(1)) { try dialer.send([1], on: 1) }
    }

    @Test("Frames may be cut anywhere")
    func cutFrames() throws {
        var (dialer, listener) = (YamuxSession(isDialer: true), YamuxSession(isDialer: false))
        let id = try dialer.open()
        let text = Samples.random(1000)
        try dialer.send(text, on: id)
        var events: [YamuxSession.Event] = []
        for byte in drain(&dialer) { events += try listener.receive([byte]) }
        #expect(data(events, on: id) == text)
    }

    @Test("A sender stops at the end of its credit and goes on with more")
    func credit() throws {
        var (dialer, listener) = (YamuxSession(isDialer: true), YamuxSession(isDialer: false))
        let id = try dialer.open()
        try dialer.send(Samples.random(700_000), on: id)
        var got = data(try listener.receive(drain(&dialer)), on: id)
        #expect(got.count == 262_144)
        // Less than half a window is not worth a frame.
        listener.consume(131_071, on: id)
        _ = try dialer.receive(drain(&listener))
        #expect(drain(&dialer).isEmpty)
        listener.consume(1, on: id)
        _ = try dialer.receive(drain(&listener))
        got += data(try listener.receive(drain(&dialer)), on: id)
        #expect(got.count == 393_216)
        for _ in 0..<4 {
            listener.consume(131_072, on: id)
            _ = try dialer.receive(drain(&listener))
            got += data(try listener.receive(drain(&dialer)), on: id)
        }
        #expect(got == Samples.random(700_000))
    }

    @Test("A larger window is told with the opening and with its acknowledgement")
    func largerWindow() throws {
        let limits = YamuxLimits(receiveWindow: 1 << 20)
        var (dialer, listener) = (
            YamuxSession(isDialer: true, limits: limits), YamuxSession(isDialer: false, limits: limits)
        )
        let id = try dialer.open()
        #expect(drain(&dialer) == YamuxHeader(.window, .syn, stream: id, length: 786_432).bytes)
        var again = YamuxSession(isDialer: true, limits: limits)
        _ = try again.open()
        _ = try listener.receive(drain(&again))
        try listener.send(Samples.random(2 << 20), on: id)
        #expect(data(try again.receive(drain(&listener)), on: id).count == 1 << 20)
    }

    @Test("More data than the window has room for ends the session")
    func overrun() throws {
        var listener = YamuxSession(isDialer: false)
        _ = try listener.receive(YamuxHeader(.window, .syn, stream: 1).bytes)
        _ = try listener.receive(
            YamuxHeader(.data, stream: 1, length: 262_143).bytes + Array(repeating: 0, count: 262_143))
        #expect(throws: YamuxError.windowOverrun(stream: 1, length: 2, room: 1)) {
            try listener.receive(YamuxHeader(.data, stream: 1, length: 2).bytes)
        }
        var fresh = YamuxSession(isDialer: false)
        #expect(throws: YamuxError.windowOverrun(stream: 1, length: .max, room: 262_144)) {
            try fresh.receive(YamuxHeader(.data, .syn, stream: 1, length: .max).bytes)
        }
    }

    @Test("Credit beyond all bounds is taken, and does not overflow")
    func creditOverflow() throws {
        var listener = YamuxSession(isDialer: false)
        _ = try listener.receive(YamuxHeader(.window, .syn, stream: 1, length: .max).bytes)
        for _ in 0..<1000 { _ = try listener.receive(YamuxHeader(.window, stream: 1, length: .max).bytes) }
        try listener.send(Samples.random(300_000), on: 1)
        #expect(drain(&listener).count > 300_000)
    }

    @Test(
        "Frames that no peer may send end the session",
        arguments: [
            ("010000000000000100000000", "yamux.wrong-version"), ("000400000000000100000000", "yamux.unknown-type"),
            ("00ff00000000000100000000", "yamux.unknown-type"),
            ("000000000000000000000001", "yamux.data-without-stream"),
            ("000100000000000000000001", "yamux.data-without-stream"),
            ("000100010000000200000000", "yamux.wrong-parity"),
            ("000200010000000100000000", "yamux.session-frame-on-stream"),
            ("000300000000000100000000", "yamux.session-frame-on-stream"),
        ])
    func badFrames(hex: String, code: String) throws {
        var listener = YamuxSession(isDialer: false)
        let bytes = try #require(Hex.decode(hex))
        do throws(YamuxError) {
            _ = try listener.receive(bytes)
            Issue.record("taken")
        } catch { #expect(error.code == code) }
        #expect(YamuxSession.farewell(.protocolError) == [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test("A stream cannot be opened twice")
    func duplicate() throws {
        var listener = YamuxSession(isDialer: false)
        let syn = YamuxHeader(.window, .syn, stream: 1).bytes
        _ = try listener.receive(syn)
        #expect(throws: YamuxError.duplicateStream(1)) { try listener.receive(syn) }
    }

    @Test("Frames of streams that are gone are read over, body and all")
    func strayFrames() throws {
        var listener = YamuxSession(isDialer: false)
        let stray = YamuxHeader(.data, .fin, stream: 9, length: 5).bytes + [1, 2, 3, 4, 5]
        #expect(try listener.receive(stray).isEmpty)
        #expect(try listener.receive(YamuxHeader(.window, .rst, stream: 9).bytes).isEmpty)
        _ = try listener.receive(YamuxHeader(.window, .syn, stream: 1).bytes)
        // Reset in the middle of a body: the rest of the body is still read over.
        _ = try listener.receive(YamuxHeader(.data, stream: 1, length: 4).bytes + [1, 2])
        listener.reset(1)
        #expect(try listener.receive([3, 4]).isEmpty)
        #expect(try listener.receive(YamuxHeader(.window, .syn, stream: 3).bytes) == [.opened(3)])
        // Data behind the end of a stream is read over as well.
        _ = try listener.receive(YamuxHeader(.window, .fin, stream: 3).bytes)
        #expect(try listener.receive(YamuxHeader(.data, stream: 3, length: 1).bytes + [7]).isEmpty)
    }

    @Test("Of ten thousand streams as many are taken as may be, the rest is reset")
    func tenThousand() throws {
        var listener = YamuxSession(isDialer: false, limits: YamuxLimits(inboundStreams: 100))
        var opened = 0
        for index in 0..<UInt32(10_000) {
            opened += try listener.receive(YamuxHeader(.window, .syn, stream: index * 2 + 1).bytes).count
        }
        #expect(opened == 100)
        #expect(listener.streamCount == 100)
        let answers = drain(&listener)
        #expect(answers.count == 12 * 10_000)
        // One ends, and another may come.
        _ = try listener.receive(YamuxHeader(.window, .rst, stream: 1).bytes)
        #expect(try listener.receive(YamuxHeader(.window, .syn, stream: 20_001).bytes) == [.opened(20_001)])
    }

    @Test("Ten thousand streams at once share the way in turn")
    func turns() throws {
        let limits = YamuxLimits(inboundStreams: 10_000, outboundStreams: 10_000, unacknowledgedStreams: 10_000)
        var (dialer, listener) = (
            YamuxSession(isDialer: true, limits: limits), YamuxSession(isDialer: false, limits: limits)
        )
        for _ in 0..<10_000 { try dialer.send(Array(repeating: 5, count: 40), on: try dialer.open()) }
        _ = try listener.receive(drain(&dialer))
        #expect(listener.streamCount == 10_000)
        // A long write of one stream does not hold up the short one of another.
        try listener.send(Samples.random(262_144), on: 1)
        try listener.send([1], on: 3)
        var sent: [YamuxSession.Sent] = []
        _ = listener.nextOutput(upTo: 65_519, sent: &sent)
        _ = listener.nextOutput(upTo: 65_519, sent: &sent)
        _ = listener.nextOutput(upTo: 65_519, sent: &sent)
        _ = listener.nextOutput(upTo: 65_519, sent: &sent)
        #expect(sent.contains { $0.stream == 3 })
        #expect(sent.first?.stream == 1)
        #expect(sent.last?.stream == 1)
    }

    @Test("Limits on what is opened are told apart")
    func openLimits() throws {
        var dialer = YamuxSession(isDialer: true, limits: YamuxLimits(outboundStreams: 3, unacknowledgedStreams: 2))
        _ = try dialer.open()
        _ = try dialer.open()
        #expect(throws: YamuxError.tooManyUnacknowledged(limit: 2)) { try dialer.open() }
        _ = try dialer.receive(YamuxHeader(.window, .ack, stream: 1).bytes)
        _ = try dialer.open()
        #expect(throws: YamuxError.tooManyStreams(limit: 3)) { try dialer.open() }
        #expect(try dialer.receive(YamuxHeader(.window, .rst, stream: 3).bytes) == [.reset(3)])
        _ = try dialer.open()
        #expect(try dialer.receive(YamuxHeader(.goAway).bytes) == [.goAway(0)])
        #expect(throws: YamuxError.goneAway) { try dialer.open() }
    }

    @Test("Pings are answered with their value, and a session that goes away refuses new streams")
    func pingsAndGoAway() throws {
        var listener = YamuxSession(isDialer: false)
        _ = try listener.receive(YamuxHeader(.ping, .syn, length: 7).bytes)
        #expect(drain(&listener) == YamuxHeader(.ping, .ack, length: 7).bytes)
        listener.ping(9)
        #expect(drain(&listener) == YamuxHeader(.ping, .syn, length: 9).bytes)
        #expect(try listener.receive(YamuxHeader(.ping, .ack, length: 9).bytes) == [.pong(9)])
        listener.goAway()
        listener.goAway()
        #expect(drain(&listener) == YamuxHeader(.goAway).bytes)
        #expect(try listener.receive(YamuxHeader(.window, .syn, stream: 1).bytes).isEmpty)
        #expect(drain(&listener) == YamuxHeader(.window, .rst, stream: 1).bytes)
    }

    @Test("No change of a conversation makes the session fail otherwise, nor keep more than it should")
    func mutations() throws {
        var generator = SeededGenerator(seed: 15)
        var dialer = YamuxSession(isDialer: true)
        for _ in 0..<3 {
            let id = try dialer.open()
            try dialer.send(Samples.random(40), on: id)
            dialer.closeWrite(id)
        }
        dialer.ping(1)
        dialer.goAway()
        let talk = drain(&dialer)
        for _ in 0..<20_000 {
            var listener = YamuxSession(isDialer: false)
            let bytes = Samples.mutate(talk, &generator)
            if let events = try? listener.receive(bytes) {
                let count = events.reduce(0) { count, event in
                    if case .data(_, let bytes) = event { count + bytes.count } else { count }
                }
                #expect(count <= bytes.count)
            }
            #expect(listener.streamCount <= 6)
        }
    }
}
