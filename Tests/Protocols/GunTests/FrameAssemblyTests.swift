// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOHTTP1
import Testing

@testable import FarthingGun

@Suite("WebSocket frames and handshakes")
struct FrameAssemblyTests {
    private func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, isMasked: Bool = true, reserved: Bool = false
    ) -> FrameAssembly.Frame {
        .init(opcode: opcode, isFinal: isFinal, hasReservedBits: reserved, isMasked: isMasked, payload: payload)
    }

    @Test("Fragments become one message, also with a ping between them")
    func fragments() {
        var assembly = FrameAssembly(.server, limit: 10, now: 0)
        #expect(assembly.take(frame(1, [1, 2], isFinal: false), at: 0) == .nothing)
        #expect(assembly.take(frame(9, [7]), at: 0) == .pong([7]))
        #expect(assembly.take(frame(0, [3], isFinal: false), at: 0) == .nothing)
        #expect(assembly.take(frame(0, [4]), at: 0) == .message([1, 2, 3, 4]))
        #expect(assembly.take(frame(1, []), at: 0) == .message([]))
    }

    @Test("What breaks the rules ends the connection with the right code")
    func violations() {
        func code(_ frames: FrameAssembly.Frame..., side: FrameAssembly.Side = .server) -> UInt16? {
            var assembly = FrameAssembly(side, limit: 10, now: 0)
            for frame in frames {
                if case .violation(let code, _) = assembly.take(frame, at: 0) { return code }
            }
            return nil
        }
        #expect(code(frame(2)) == 1003)
        #expect(code(frame(3)) == 1002)
        #expect(code(frame(1, isMasked: false)) == 1002)
        #expect(code(frame(1, isMasked: true), side: .client) == 1002)
        #expect(code(frame(1, isMasked: false), side: .client) == nil)
        #expect(code(frame(1, reserved: true)) == 1002)
        #expect(code(frame(0)) == 1002)
        #expect(code(frame(1, isFinal: false), frame(1)) == 1002)
        #expect(code(frame(1, [UInt8](repeating: 0, count: 11))) == 1009)
        #expect(code(frame(1, [UInt8](repeating: 0, count: 6), isFinal: false), frame(0, [0, 0, 0, 0, 0])) == 1009)
        #expect(code(frame(9, [UInt8](repeating: 0, count: 126))) == 1002)
        #expect(code(frame(9, isFinal: false)) == 1002)
        #expect(code(frame(8, [3])) == 1002)
    }

    @Test("Empty fragments without end are cut off")
    func emptyFragments() {
        var assembly = FrameAssembly(.server, limit: 10, now: 0)
        #expect(assembly.take(frame(1, isFinal: false), at: 0) == .nothing)
        var count = 0
        while assembly.take(frame(0, isFinal: false), at: 0) == .nothing, count < 5000 { count += 1 }
        #expect(count < 1100)
    }

    @Test("A flood of pings ends the connection, and one ping a second does not")
    func pings() {
        var assembly = FrameAssembly(.server, limit: 10, now: 0)
        for second in 0..<200 { #expect(assembly.take(frame(9), at: Double(second) * 1000) == .pong([])) }
        var outcomes: Set<FrameAssembly.Outcome> = []
        for _ in 0..<100 { outcomes.insert(assembly.take(frame(10), at: 200_000)) }
        #expect(outcomes.contains(.violation(1008, "too many pings")))
    }

    @Test("A close is answered with its own code")
    func close() {
        var assembly = FrameAssembly(.server, limit: 10, now: 0)
        #expect(assembly.take(frame(8), at: 0) == .close(1000))
        #expect(assembly.take(frame(8, [0x03, 0xE9, 0x41]), at: 0) == .close(1001))
    }

    @Test("A bucket lets bursts pass and holds a stream to its rate")
    func bucket() {
        var bucket = TokenBucket(capacity: 100, perSecond: 10, now: 0)
        #expect(bucket.take(100, at: 0) == 0)
        #expect(bucket.take(1, at: 0) == 100)
        #expect(bucket.take(0, at: 100) == 0)
        #expect(bucket.take(100, at: 1_000_000) == 0)
        // The clock was set back: it fills from then on.
        #expect(bucket.take(1, at: 5000) == 100)
        #expect(bucket.take(0, at: 5100) == 0)
    }

    @Test("Only what may become a connection becomes one")
    func gate() {
        var gate = UpgradeGate(path: "/gun", hosts: nil, origins: nil)
        func status(
            _ uri: String, _ headers: HTTPHeaders = ["Upgrade": "websocket"], method: HTTPMethod = .GET
        ) -> UInt? {
            gate.refusal(of: HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers))?.status
                .code
        }
        #expect(status("/gun") == nil)
        #expect(status("/gun?a=b") == 400)
        #expect(status("/gun?") == 400)
        #expect(status("/") == 404)
        #expect(status("/gun/") == 404)
        #expect(status("/gun", method: .POST) == 405)
        #expect(status("/gun", [:]) == 426)
        gate = UpgradeGate(path: "/gun", hosts: ["relay.example", "[::1]"], origins: ["https://app.example"])
        #expect(status("/gun", ["Upgrade": "WebSocket", "Host": "Relay.example:8765"]) == nil)
        #expect(status("/gun", ["Upgrade": "WebSocket", "Host": "[::1]:8765"]) == nil)
        #expect(status("/gun", ["Upgrade": "WebSocket", "Host": "other.example"]) == 421)
        #expect(status("/gun", ["Upgrade": "WebSocket"]) == 421)
        #expect(
            status("/gun", ["Upgrade": "websocket", "Host": "relay.example", "Origin": "https://app.example"]) == nil)
        #expect(
            status("/gun", ["Upgrade": "websocket", "Host": "relay.example", "Origin": "https://evil.example"]) == 403)
    }

    @Test("Addresses of relays are read strictly")
    func addresses() throws {
        let address = try RelayAddress("ws://127.0.0.1:8765/gun")
        #expect(address.host == "127.0.0.1" && address.port == 8765 && address.path == "/gun")
        #expect(try RelayAddress("ws://relay.example").path == "/gun")
        #expect(try RelayAddress("ws://[::1]:9/x").authority == "[::1]:9")
        for text in [
            "", "http://a/gun", "ws://", "ws://a:0", "ws://a:99999", "ws://a:x", "ws://u@a", "ws://a/gun?x",
            "ws://[::1",
        ] {
            #expect(throws: GunError.badAddress(text)) { try RelayAddress(text) }
        }
    }
}
