// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import FarthingLibP2P

@Suite("A connection and hostile bytes", .timeLimit(.minutes(1)))
struct HostileConnectionTests {
    /// Lets two machines talk until neither has anything to say.
    private func talk(
        _ dialer: inout ConnectionMachine, _ listener: inout ConnectionMachine, change: ([UInt8]) -> [UInt8] = { $0 }
    ) throws(P2PError) -> (dialer: [ConnectionMachine.Event], listener: [ConnectionMachine.Event]) {
        var events: (dialer: [ConnectionMachine.Event], listener: [ConnectionMachine.Event]) = ([], [])
        var sent: [YamuxSession.Sent] = []
        var goesOn = true
        while goesOn {
            goesOn = false
            while let bytes = try dialer.nextOutput(sent: &sent) {
                events.listener += try listener.receive(change(bytes))
                goesOn = true
            }
            while let bytes = try listener.nextOutput(sent: &sent) {
                events.dialer += try dialer.receive(change(bytes))
                goesOn = true
            }
        }
        return events
    }

    private func machines() throws -> (ConnectionMachine, ConnectionMachine) {
        (
            try ConnectionMachine(isDialer: true, identity: try Samples.identity(1)),
            try ConnectionMachine(isDialer: false, identity: try Samples.identity(2))
        )
    }

    @Test("Two machines find to each other without a socket")
    func establish() throws {
        var (dialer, listener) = try machines()
        let events = try talk(&dialer, &listener)
        #expect(dialer.isEstablished && listener.isEstablished)
        guard case .established(let key) = try #require(events.dialer.first) else { return }
        #expect(key == (try Samples.identity(2).publicKey))
        let id = try dialer.session.open()
        try dialer.session.send([1, 2], on: id)
        var sent: [YamuxSession.Sent] = []
        let bytes = try #require(try dialer.nextOutput(sent: &sent))
        var got: [YamuxSession.Event] = []
        for byte in bytes {
            for case .session(let event) in try listener.receive([byte]) { got.append(event) }
        }
        #expect(got == [.opened(id), .data(id, [1, 2])])
    }

    @Test("No change of any byte of a connection makes a machine fail otherwise than by its own error")
    func mutations() throws {
        var generator = SeededGenerator(seed: 16)
        var failures: Set<String> = []
        for _ in 0..<400 {
            var (dialer, listener) = try machines()
            var left = Int.random(in: 0..<8, using: &generator)
            do throws(P2PError) {
                _ = try talk(&dialer, &listener) { bytes in
                    left -= 1
                    return left == 0 ? Samples.mutate(bytes, &generator) : bytes
                }
            } catch { failures.insert(error.code) }
        }
        #expect(failures.count >= 3, "\(failures)")
    }

    /// A socket to a host that speaks only what the test says.
    private func socket(to address: Multiaddr) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        let port = Int(try #require(address.tcpEndpoint?.port))
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
    }

    /// What the host says to `bytes` before it closes; fails when it does not.
    private func answer(_ address: Multiaddr, to bytes: [UInt8]) async throws -> [UInt8] {
        try await socket(to: address).executeThenClose { inbound, outbound in
            var got: [UInt8] = []
            do {
                try await outbound.write(ByteBuffer(bytes: bytes))
                for try await part in inbound { got += Array(part.readableBytesView) }
            } catch is IOError {} catch is ChannelError {}
            return got
        }
    }

    @Test(
        "Whatever is said in place of the upgrade closes the connection, and harms no other",
        arguments: [
            "GET / HTTP/1.1\r\n\r\n", "\u{13}/multistream/2.0.0\n", "\0\0\0\0",
            "\u{13}/multistream/1.0.0\n\u{7}/noise\n\0\u{1}x",
        ])
    func badUpgrades(text: String) async throws {
        try await HostPair.run { pair in
            let good = try await pair.dialer.connect(to: pair.address)
            let got = try await answer(pair.address, to: Array(text.utf8))
            #expect(got.starts(with: MultistreamLines.encode("/multistream/1.0.0")))
            _ = try await pair.dialer.ping(good)
            #expect(pair.listener.connections.count == 1)
        }
    }

    @Test("A peer that never says anything is let go")
    func silence() async throws {
        try await HostPair.run(.changed { $0.upgradeTimeout = .milliseconds(100) }) { pair in
            // It ends at all, and says no more than what it opened with.
            let got = try await answer(pair.address, to: [])
            #expect(MultistreamLines.encode("/multistream/1.0.0").starts(with: got))
            #expect(pair.listener.connections.isEmpty)
        }
    }

    @Test("Dialling somebody who never answers ends in time, and by cancelling")
    func silentListener() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let address = try Multiaddr(text: "/ip4/127.0.0.1/tcp/\(port)")
        try await HostPair.run(.changed { $0.upgradeTimeout = .milliseconds(100) }) { pair in
            await #expect(throws: P2PError.timedOut(.upgrade)) { try await pair.dialer.connect(to: address) }
        }
        try await HostPair.run { pair in
            let dial = Task { () async throws(P2PError) in try await pair.dialer.connect(to: address) }
            dial.cancel()
            await #expect(throws: P2PError.cancelled) { try await dial.value }
        }
        try await server.close()
    }

    @Test("Only so many sockets may be half way")
    func pending() async throws {
        try await HostPair.run(.changed { $0.pendingConnections = 2 }) { pair in
            try await socket(to: pair.address).executeThenClose { first, _ in
                var heard = first.makeAsyncIterator()
                _ = try await heard.next()
                try await socket(to: pair.address).executeThenClose { second, _ in
                    var heard = second.makeAsyncIterator()
                    _ = try await heard.next()
                    let got = try await answer(pair.address, to: [])
                    #expect(got == [])
                }
            }
        }
    }

    /// A machine of the test on a socket, which may send what a good one would not.
    private func misbehave(
        _ pair: HostPair, _ body: (inout ConnectionMachine) throws -> [UInt8]
    ) async throws -> [YamuxSession.Event] {
        var machine = try ConnectionMachine(isDialer: true, identity: try Samples.identity(7))
        var sent: [YamuxSession.Sent] = []
        return try await socket(to: pair.address).executeThenClose { inbound, outbound in
            while let bytes = try machine.nextOutput(sent: &sent) { try await outbound.write(ByteBuffer(bytes: bytes)) }
            var events: [YamuxSession.Event] = []
            var misbehaved = false
            do {
                for try await part in inbound {
                    for event in try machine.receive(Array(part.readableBytesView)) {
                        if case .session(let event) = event { events.append(event) }
                    }
                    while let bytes = try machine.nextOutput(sent: &sent) {
                        try await outbound.write(ByteBuffer(bytes: bytes))
                    }
                    if machine.isEstablished, !misbehaved {
                        misbehaved = true
                        try await outbound.write(ByteBuffer(bytes: try body(&machine)))
                    }
                }
            } catch is IOError {} catch is ChannelError {}
            return events
        }
    }

    @Test(
        "A frame that no peer may send is answered with a go-away, and the connection closed",
        arguments: [
            YamuxHeader(.window, .syn, stream: 2), YamuxHeader(.data, stream: 0, length: 1),
            YamuxHeader(.data, .syn, stream: 1, length: 262_145), YamuxHeader(.ping, .syn, stream: 1),
        ])
    func badFrames(header: YamuxHeader) async throws {
        try await HostPair.run { pair in
            let events = try await misbehave(pair) { machine in try machine.encrypt(header.bytes) }
            #expect(events.contains(.goAway(1)))
            _ = try await pair.dialer.ping(try await pair.dialer.connect(to: pair.address))
        }
    }

    @Test("A flood of streams and pings by a peer that never reads is not taken in without end")
    func flood() async throws {
        try await HostPair.run { pair in
            var machine = try ConnectionMachine(isDialer: true, identity: try Samples.identity(7))
            var sent: [YamuxSession.Sent] = []
            try await socket(to: pair.address).executeThenClose { inbound, outbound in
                var heard = inbound.makeAsyncIterator()
                while !machine.isEstablished {
                    while let bytes = try machine.nextOutput(sent: &sent) {
                        try await outbound.write(ByteBuffer(bytes: bytes))
                    }
                    let part = try #require(try await heard.next())
                    _ = try machine.receive(Array(part.readableBytesView))
                }
                while let bytes = try machine.nextOutput(sent: &sent) {
                    try await outbound.write(ByteBuffer(bytes: bytes))
                }
                for round in 0..<UInt32(20) {
                    var frames: [UInt8] = []
                    for index in 0..<UInt32(500) {
                        YamuxHeader(.window, .syn, stream: (round * 500 + index) * 2 + 1).append(to: &frames)
                        YamuxHeader(.ping, .syn, length: index).append(to: &frames)
                        YamuxHeader(.window, .rst, stream: (round * 500 + index) * 2 + 1).append(to: &frames)
                    }
                    try await outbound.write(ByteBuffer(bytes: try machine.encrypt(frames)))
                }
                let connection = try await pair.dialer.connect(to: pair.address)
                _ = try await pair.dialer.ping(connection)
            }
        }
    }
}
