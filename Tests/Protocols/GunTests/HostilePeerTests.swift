// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingGun
import NIOCore
import NIOPosix
import Testing

/// A TCP connection that says just what a test wants.
struct RawConnection {
    let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// - Parameter staysOpen: Whether this side stays open when the relay has said its last.
    static func open(_ port: Int, staysOpen: Bool = false) async throws -> RawConnection {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            // Little waits in the system where a test does not read.
            .channelOption(.socketOption(.so_rcvbuf), value: 4096)
            .channelOption(.allowRemoteHalfClosure, value: staysOpen)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return RawConnection(channel: channel)
    }

    /// Sends this, and answers with all that comes until the relay closes.
    static func exchange(_ port: Int, _ parts: [[UInt8]]) async throws -> [UInt8] {
        let connection = try await open(port)
        return try await connection.channel.executeThenClose { inbound, outbound in
            var heard: [UInt8] = []
            do {
                for part in parts { try await outbound.write(ByteBuffer(bytes: part)) }
            } catch {
                // The relay closed before it had heard everything; what it said before that is still there.
            }
            do {
                for try await buffer in inbound { heard += Array(buffer: buffer) }
            } catch {
                // The relay closed while something was still unread.
            }
            return heard
        }
    }

    static func handshake(_ target: String = "/gun", more: String = "") -> [UInt8] {
        Array(
            """
            GET \(target) HTTP/1.1\r
            Host: 127.0.0.1\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            \(more)\r

            """.utf8)
    }

    static func frame(_ first: UInt8, _ payload: [UInt8], isMasked: Bool = true) -> [UInt8] {
        var bytes = [first]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: bytes.append(mask | UInt8(payload.count))
        case ..<65_536: bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: bytes += [mask | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        guard isMasked else { return bytes + payload }
        let key: [UInt8] = [1, 2, 3, 4]
        return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }
}

@Suite("What a relay does with peers that break the rules", .timeLimit(.minutes(1)))
struct HostilePeerTests {
    @Test(
        "A request that cannot become a connection is told why",
        arguments: [
            ("/gun?x=1", "400"), ("/", "404"), ("/gunn", "404"),
        ])
    func refusedRequests(target: String, status: String) async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let answer = try await RawConnection.exchange(await relay.port, [RawConnection.handshake(target)])
        let text = String(decoding: answer, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 \(status) "))
        #expect(text.contains("GUN is spoken at /gun"))
        await relay.shutdown()
    }

    @Test("A plain request is told to upgrade, and a page of another origin is not let in")
    func plainRequests() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) { $0.origins = ["https://app.example"] }
        let port = await relay.port
        let plain = try await RawConnection.exchange(port, [Array("GET /gun HTTP/1.1\r\nHost: x\r\n\r\n".utf8)])
        #expect(String(decoding: plain, as: UTF8.self).hasPrefix("HTTP/1.1 426 "))
        let evil = RawConnection.handshake(more: "Origin: https://evil.example\r\n")
        let refused = try await RawConnection.exchange(port, [evil])
        #expect(String(decoding: refused, as: UTF8.self).hasPrefix("HTTP/1.1 403 "))
        await relay.shutdown()
    }

    @Test("A handshake that is none is told so")
    func noHandshake() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let text = String(decoding: RawConnection.handshake(), as: UTF8.self).replacing(
            "Version: 13", with: "Version: 7")
        let heard = try await RawConnection.exchange(await relay.port, [Array(text.utf8)])
        #expect(String(decoding: heard, as: UTF8.self).hasPrefix("HTTP/1.1 400 "))
        await relay.shutdown()
    }

    @Test("A connection that never becomes a WebSocket is ended")
    func silence() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) { $0.handshakeTimeout = .milliseconds(50) }
        let heard = try await RawConnection.exchange(await relay.port, [Array("GET /gun HT".utf8)])
        #expect(heard.isEmpty || String(decoding: heard, as: UTF8.self).hasPrefix("HTTP/1.1 400"))
        await relay.shutdown()
    }

    @Test("Wrong frames end their connection with a code, and the others go on")
    func wrongFrames() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) { $0.limits.messageBytes = 100_000 }
        let port = await relay.port
        let other = try await Loopback.client(port)
        let half = [UInt8](repeating: 0x20, count: 60_000)
        let cases: [(String, [[UInt8]], UInt16)] = [
            ("binary", [RawConnection.frame(0x82, [1])], 1003),
            ("unmasked", [RawConnection.frame(0x81, [1], isMasked: false)], 1002),
            ("continuing nothing", [RawConnection.frame(0x80, [1])], 1002),
            ("oversize in fragments", [RawConnection.frame(0x01, half), RawConnection.frame(0x80, half)], 1009),
            ("oversize at once", [RawConnection.frame(0x81, half + half)], 1009),
            ("reserved bits", [RawConnection.frame(0xC1, [1])], 1002),
            ("ping flood", [[UInt8]](repeating: RawConnection.frame(0x89, []), count: 200), 1008),
            ("close", [RawConnection.frame(0x88, [0x03, 0xE8])], 1000),
        ]
        for (name, frames, code) in cases {
            let heard = try await RawConnection.exchange(port, [RawConnection.handshake()] + frames)
            let close = heard.indices.dropLast(3).last { heard[$0] == 0x88 && heard[$0 + 1] >= 2 }
            let found = close.map { UInt16(heard[$0 + 2]) << 8 | UInt16(heard[$0 + 3]) }
            #expect(found == code, "\(name)")
        }
        #expect(try await other.put(["still": "here"], at: "s") == .acknowledged)
        await other.close()
        await relay.shutdown()
    }

    /// A frame that breaks the rules, and more behind it than the relay has read when it says why.
    private var wrongAndMore: [UInt8] {
        RawConnection.handshake() + RawConnection.frame(0x82, [1]) + [UInt8](repeating: 0, count: 500_000)
    }

    @Test("The reason for an end arrives, however much was still unread", arguments: 0..<5)
    func lastWords(round: Int) async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let connection = try await RawConnection.open(await relay.port)
        try await connection.channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: wrongAndMore))
            var heard: [UInt8] = []
            // A connection that is reset throws here.
            for try await buffer in inbound { heard += Array(buffer: buffer) }
            #expect(heard.indices.dropLast(3).contains { Array(heard[$0..<$0 + 4].dropFirst(2)) == [0x03, 0xEB] })
        }
        await relay.shutdown()
    }

    @Test("A peer that was told of its end and sends on is cut off")
    func sendsOn() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) { $0.limits.messageBytes = 600_000 }
        let connection = try await RawConnection.open(await relay.port, staysOpen: true)
        try await connection.channel.executeThenClose { _, outbound in
            try await outbound.write(ByteBuffer(bytes: wrongAndMore))
            await #expect(throws: (any Error).self) {
                for _ in 0..<200 { try await outbound.write(ByteBuffer(repeating: 0, count: 100_000)) }
            }
        }
        await relay.shutdown()
    }

    @Test("A peer that was told of its end and does not close is cut off in time")
    func staysOpen() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let connection = try await RawConnection.open(await relay.port, staysOpen: true)
        try await connection.channel.executeThenClose { _, outbound in
            try await outbound.write(ByteBuffer(bytes: wrongAndMore))
            await #expect(throws: (any Error).self) {
                for _ in 0..<400 {
                    try await Task.sleep(for: .milliseconds(20))
                    try await outbound.write(ByteBuffer(bytes: [0]))
                }
            }
        }
        await relay.shutdown()
    }

    @Test("Fragments are put together, and compression is not agreed to")
    func fragments() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let text = Array(##"{"#":"a","put":{"s":{"_":{"#":"s",">":{"x":1}},"x":1}}}"##.utf8)
        let heard = try await RawConnection.exchange(
            await relay.port,
            [
                RawConnection.handshake(more: "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
                RawConnection.frame(0x01, Array(text[..<20])), RawConnection.frame(0x89, [1]),
                RawConnection.frame(0x80, Array(text[20...])), RawConnection.frame(0x88, [0x03, 0xE8]),
            ])
        let answer = String(decoding: heard, as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 101"))
        #expect(!answer.lowercased().contains("permessage-deflate"))
        #expect(await relay.node("s")?["x"] == 1)
        await relay.shutdown()
    }

    @Test("More connections than permitted are turned away")
    func tooMany() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) { $0.limits.peers = 1 }
        let port = await relay.port
        let first = try await Loopback.client(port)
        let heard = try await RawConnection.exchange(port, [RawConnection.handshake()])
        #expect(String(decoding: heard, as: UTF8.self).contains("gun.full"))
        #expect(try await first.put(["a": 1], at: "s") == .acknowledged)
        await first.close()
        await relay.shutdown()
    }

    @Test("A peer that does not read is disconnected, and the others go on")
    func slowReader() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) { $0.limits.outboxBytes = 300_000 }
        let port = await relay.port
        let idle = try await RawConnection.open(port)
        let writer = try await Loopback.client(port)
        try await idle.channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: RawConnection.handshake()))
            let question = Array(##"{"#":"g","get":{"#":"s"}}"##.utf8)
            try await outbound.write(ByteBuffer(bytes: RawConnection.frame(0x81, question)))
            // Its receive buffers fill up, then the relay's outbox.
            let text = String(repeating: "x", count: 200_000)
            for number in 0..<12 { try await writer.put(["n": .value(.text(text + "\(number)"))], at: "s") }
            try await writer.put(["n": "done"], at: "s")
            var heard = 0
            do {
                for try await buffer in inbound { heard += buffer.readableBytes }
            } catch {
                // Cut off with something still under way.
            }
            #expect(heard < 12 * 200_000)
        }
        #expect(try await writer.get("s", "n") == "done")
        await writer.close()
        await relay.shutdown()
    }

    @Test("A peer that sends faster than permitted is read more slowly, and loses nothing")
    func rate() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) { $0.bytesPerSecond = 40_000 }
        let client = try await Loopback.client(relay.port)
        let begun = ContinuousClock.now
        let text = String(repeating: "x", count: 20_000)
        for number in 0..<6 { try await client.put(["n": .value(.text(text + "\(number)"))], at: "s") }
        #expect(ContinuousClock.now - begun > .milliseconds(500))
        #expect(await relay.node("s")?["n"] == .text(text + "5"))
        await client.close()
        await relay.shutdown()
    }

    @Test("A peer that has much looked up is read more slowly, whether it is sent to it or not")
    func questions() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) {
            $0.limits.questionBytesPerSecond = 40_000
            $0.limits.outboxBytes = 40_000
        }
        let client = try await Loopback.client(relay.port)
        try await client.put(["n": .value(.text(String(repeating: "x", count: 20_000)))], at: "s")
        let begun = ContinuousClock.now
        for _ in 0..<6 { _ = try await client.get("s", "n") }
        #expect(ContinuousClock.now - begun > .milliseconds(1500))
        await client.close()
        await relay.shutdown()
    }
}
