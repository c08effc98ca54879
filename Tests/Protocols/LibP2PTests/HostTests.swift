// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Synchronization
import Testing

@testable import FarthingLibP2P

@Suite("Two hosts", .timeLimit(.minutes(1)))
struct HostTests {
    @Test("A stream carries bytes both ways, and each side knows the other")
    func echo() async throws {
        try await HostPair.run { pair in
            let peer = Mutex<PeerID?>(nil)
            try pair.listener.handle("/hello/1.0.0") { stream in
                peer.withLock { $0 = stream.remotePeer }
                let question = try await stream.readToEnd(limit: 100)
                try await stream.write("you said ".utf8 + question)
            }
            let stream = try await pair.dialer.open("/hello/1.0.0", to: pair.address)
            #expect(stream.protocolID == "/hello/1.0.0")
            #expect(stream.remotePeer == pair.listener.peerID)
            try await stream.write("hi")
            stream.closeWrite()
            #expect(try await stream.readToEnd(limit: 100) == Array("you said hi".utf8))
            #expect(peer.withLock { $0 } == pair.dialer.peerID)
            #expect(pair.dialer.peerID.base58.hasPrefix("16Uiu2"))
            #expect(pair.dialer.connections.count == 1)
            #expect(stream.connection.remoteAddress?.tcpEndpoint == pair.address.tcpEndpoint)
        }
    }

    @Test("Megabytes go both ways at once")
    func bigTransfers() async throws {
        try await HostPair.run { pair in
            try pair.serveEcho()
            let stream = try await pair.dialer.open("/echo/1.0.0", to: pair.address)
            let bytes = Samples.random(3_000_000)
            async let written: Void = {
                try await stream.write(bytes)
                stream.closeWrite()
            }()
            let got = try await stream.readToEnd(limit: 4_000_000)
            try await written
            #expect(got == bytes)
        }
    }

    @Test("64 streams at once keep apart")
    func manyStreams() async throws {
        try await HostPair.run { pair in
            try pair.serveEcho()
            try await withThrowingTaskGroup { group in
                for index in 0..<64 {
                    group.addTask {
                        let stream = try await pair.dialer.open("/echo/1.0.0", to: pair.address)
                        let bytes = Samples.random(10_000, seed: UInt64(index))
                        try await stream.write(bytes)
                        stream.closeWrite()
                        let got = try await stream.readToEnd(limit: 20_000)
                        #expect(got == bytes)
                    }
                }
                try await group.waitForAll()
            }
            let connection = try #require(pair.dialer.connection(to: pair.listener.peerID))
            #expect(connection.unreadBytes == 0)
        }
    }

    @Test("A slow reader holds the writer back, and nothing is lost")
    func slowReader() async throws {
        try await HostPair.run { pair in
            let go = Signal()
            defer { go.fire() }
            let total = Mutex(0)
            let done = Signal()
            try pair.listener.handle("/slow/1.0.0") { stream in
                await go.wait()
                for try await piece in stream { total.withLock { $0 += piece.count } }
                done.fire()
            }
            let stream = try await pair.dialer.open("/slow/1.0.0", to: pair.address)
            let written = Mutex(0)
            let stalled = Signal()
            let writer = Task {
                for _ in 0..<64 {
                    try await stream.write(Array(repeating: 1, count: 65_536))
                    let sum = written.withLock { sum in
                        sum += 65_536
                        return sum
                    }
                    if sum >= 262_144 { stalled.fire() }
                }
                stream.closeWrite()
            }
            // Others are not held back meanwhile, which also gives the writer time to run into the wall.
            await stalled.wait()
            for _ in 0..<50 { _ = try await pair.dialer.ping(stream.connection) }
            // A window, what may wait unsent, and a piece of the writer.
            #expect(written.withLock { $0 } <= 262_144 + 131_072 + 2 * 65_536)
            let unread = pair.listener.connections.map(\.unreadBytes)
            #expect(unread.allSatisfy { $0 <= 262_144 + 1024 })
            go.fire()
            try await writer.value
            await done.wait()
            #expect(total.withLock { $0 } == 64 * 65_536)
        }
    }

    @Test("A reset reaches the reader and the writer of the other side")
    func reset() async throws {
        try await HostPair.run { pair in
            let failed = Signal()
            let error = Mutex<P2PError?>(nil)
            try pair.listener.handle("/wait/1.0.0") { stream in
                do throws(P2PError) { _ = try await stream.read() } catch let failure {
                    error.withLock { $0 = failure }
                    failed.fire()
                }
            }
            try pair.listener.handle("/refuse/1.0.0") { _ in throw P2PError.badMessage("no") }
            let stream = try await pair.dialer.open("/wait/1.0.0", to: pair.address)
            stream.reset()
            await failed.wait()
            #expect(error.withLock { $0 } == .streamReset)
            await #expect(throws: P2PError.streamClosed) { try await stream.write([1]) }
            await #expect(throws: P2PError.streamClosed) { try await stream.read() }

            // The reset may come as soon as the protocol is agreed.
            await #expect(throws: P2PError.streamReset) {
                let refused = try await pair.dialer.open("/refuse/1.0.0", to: pair.address)
                _ = try await refused.read()
            }
            // The connection is unharmed.
            _ = try await pair.dialer.ping(stream.connection)
        }
    }

    @Test("A stream that nobody holds any more is reset")
    func dropped() async throws {
        try await HostPair.run { pair in
            let failed = Signal()
            try pair.listener.handle("/wait/1.0.0") { stream in
                do throws(P2PError) { while try await stream.read() != nil {} } catch { failed.fire() }
            }
            try await pair.dialer.open("/wait/1.0.0", to: pair.address).write([1])
            await failed.wait()
        }
    }

    @Test("Each half of a stream is closed by itself")
    func halfClose() async throws {
        try await HostPair.run { pair in
            try pair.listener.handle("/half/1.0.0") { stream in
                stream.closeWrite()
                let got = try await stream.readToEnd(limit: 1 << 20)
                #expect(got.count == 700_000)
                await #expect(throws: P2PError.streamClosed) { try await stream.write([1]) }
            }
            let stream = try await pair.dialer.open("/half/1.0.0", to: pair.address)
            #expect(try await stream.read() == nil)
            try await stream.write(Array(repeating: 7, count: 700_000))
            stream.closeWrite()
        }
    }

    @Test("Frames and lines are read whole, and refused when too long")
    func framing() async throws {
        try await HostPair.run { pair in
            try pair.serveEcho()
            let stream = try await pair.dialer.open("/echo/1.0.0", to: pair.address)
            try await stream.writeFrame([])
            try await stream.writeFrame(Samples.random(300))
            try await stream.write("one\ntwo\nthree")
            try await stream.writeFrame(Samples.random(70_000))
            #expect(try await stream.readFrame(limit: 300) == [])
            #expect(try await stream.readFrame(limit: 300) == Samples.random(300))
            #expect(try await stream.readLine(limit: 3) == Array("one".utf8))
            #expect(try await stream.readLine(limit: 3) == Array("two".utf8))
            #expect(try await stream.read(exactly: 5) == Array("three".utf8))
            await #expect(throws: P2PError.tooLong(length: 70_000, limit: 69_999)) {
                try await stream.readFrame(limit: 69_999)
            }

            let short = try await pair.dialer.open("/echo/1.0.0", to: pair.address)
            try await short.write([5, 1, 2])
            short.closeWrite()
            await #expect(throws: P2PError.endOfStream(wanted: 5, got: 2)) { try await short.readFrame(limit: 10) }
            #expect(try await short.readFrame(limit: 10) == nil)

            let broken = try await pair.dialer.open("/echo/1.0.0", to: pair.address)
            try await broken.write([0x80, 0x00])
            await #expect(throws: P2PError.wire(.varintNotMinimal)) { try await broken.readFrame(limit: 10) }
        }
    }

    @Test("Frames and lines that come many in one piece are read one by one")
    func tinyFrames() async throws {
        try await HostPair.run { pair in
            try pair.serveEcho()
            let stream = try await pair.dialer.open("/echo/1.0.0", to: pair.address)
            let counts = (0..<20_000).map { $0 % 3 }
            try await stream.write(counts.flatMap { [UInt8($0)] + [UInt8](repeating: 7, count: $0) })
            for count in counts {
                #expect(try await stream.readFrame(limit: 2) == [UInt8](repeating: 7, count: count))
            }
            try await stream.write([UInt8](repeating: UInt8(ascii: "\n"), count: 20_000) + Array("end".utf8))
            for _ in 0..<20_000 { #expect(try await stream.readLine(limit: 0) == []) }
            stream.closeWrite()
            #expect(try await stream.readLine(limit: 3) == Array("end".utf8))
            #expect(try await stream.read() == nil)
        }
    }

    @Test("Protocols that the peer does not have are refused, and the first that it has is taken")
    func negotiation() async throws {
        try await HostPair.run { pair in
            try pair.serveEcho()
            await #expect(throws: P2PError.multistream(.noneInCommon)) {
                try await pair.dialer.open("/no/1.0.0", to: pair.address)
            }
            let stream = try await pair.dialer.open(["/echo/2.0.0", "/echo/1.0.0"], to: pair.address)
            #expect(stream.protocolID == "/echo/1.0.0")
            #expect(throws: P2PError.badProtocol("/echo/1.0.0")) { try pair.serveEcho() }
            #expect(throws: P2PError.badProtocol("a\nb")) { try pair.listener.handle("a\nb") { _ in } }
            pair.listener.stopHandling("/echo/1.0.0")
            await #expect(throws: P2PError.multistream(.noneInCommon)) {
                try await pair.dialer.open("/echo/1.0.0", to: pair.address)
            }
        }
    }

    @Test("Identify tells who is there, and a push tells what changed")
    func identify() async throws {
        try await HostPair.run { pair in
            let connection = try await pair.dialer.connect(to: pair.address)
            let message = try await pair.dialer.identify(connection)
            #expect(message.publicKey == pair.listener.identity.publicKey.message)
            #expect(message.listenAddresses == [pair.address.withoutPeer])
            #expect(message.protocols.contains("/ipfs/ping/1.0.0"))
            #expect(message.observedAddress == connection.localAddress)
            #expect(message.agent == "farthing-libp2p")
            let record = try PeerRecord(envelope: try #require(message.signedPeerRecord))
            #expect(record.peer == pair.listener.peerID)
            #expect(record.addresses == [pair.address.withoutPeer])
            #expect(pair.dialer.knownAddresses(of: pair.listener.peerID) == [pair.address.withoutPeer])
            #expect(try await pair.dialer.connect(to: pair.listener.peerID) === connection)

            try pair.serveEcho()
            #expect(connection.identified?.protocols.contains("/echo/1.0.0") == false)
            await pair.listener.pushIdentify()
            // The push is a stream of its own; what follows on the connection comes behind it.
            while connection.identified?.protocols.contains("/echo/1.0.0") == false {
                _ = try await pair.dialer.ping(connection)
            }
        }
    }

    @Test("A connection is used again, and another peer at the address is refused")
    func dialling() async throws {
        try await HostPair.run { pair in
            let first = try await pair.dialer.connect(to: pair.address)
            #expect(try await pair.dialer.connect(to: pair.address) === first)
            let other = try Samples.identity(9).peerID
            await #expect(
                throws: P2PError.noise(.wrongPeer(expected: other, found: pair.listener.peerID))
            ) { try await pair.dialer.connect(to: pair.address.naming(other)) }
            await #expect(throws: P2PError.dialsItself) { try await pair.listener.connect(to: pair.address) }
            await #expect(throws: P2PError.dialsItself) {
                try await pair.listener.connect(to: pair.address.withoutPeer)
            }
            let nobody = try Multiaddr(text: "/ip4/127.0.0.1/tcp/1")
            do throws(P2PError) {
                _ = try await pair.dialer.connect(to: nobody)
                Issue.record("connected")
            } catch { #expect(error.code == "p2p.unreachable") }
            let quic = try Multiaddr(text: "/ip4/127.0.0.1/udp/1/quic-v1")
            await #expect(throws: P2PError.address(.unsupported("\(quic)"))) {
                try await pair.dialer.connect(to: quic)
            }
            await #expect(throws: P2PError.noAddress(other)) { try await pair.dialer.connect(to: other) }
            #expect(first.isOpen)
            await first.close()
            #expect(!first.isOpen)
            #expect(try await pair.dialer.connect(to: pair.address) !== first)
        }
    }

    @Test("Who listens on every address tells those of its interfaces, of either version of IP")
    func everyAddress() async throws {
        let all = [try Multiaddr(text: "/ip4/0.0.0.0/tcp/0"), try Multiaddr(text: "/ip6/::1/tcp/0")]
        try await PeerHost.withHost(on: all) { host in
            let told = host.announcedAddresses.map(\.description)
            #expect(told.contains { $0.hasPrefix("/ip4/127.0.0.1/tcp/") })
            #expect(!told.contains { $0.hasPrefix("/ip4/0.0.0.0/") })
            let version6 = try #require(host.addresses.first { $0.description.hasPrefix("/ip6/::1/tcp/") })
            try await PeerHost.withHost { other in
                let connection = try await other.connect(to: version6)
                #expect(try await other.ping(connection) > .zero)
                #expect(connection.remoteAddress == version6.withoutPeer)
            }
        }
    }

    @Test("Names are resolved")
    func names() async throws {
        try await HostPair.run { pair in
            let port = try #require(pair.address.tcpEndpoint?.port)
            let connection = try await pair.dialer.connect(to: try Multiaddr(text: "/dns4/localhost/tcp/\(port)"))
            #expect(connection.remotePeer == pair.listener.peerID)
        }
    }

    @Test("Shutting down lets open streams finish, refuses new ones, and ends every task")
    func shutdown() async throws {
        let pair = try await HostPair()
        let (started, ended) = (Signal(), Signal())
        try pair.listener.handle("/slow/1.0.0") { stream in
            started.fire()
            let question = try await stream.readToEnd(limit: 10)
            try await stream.write(question)
        }
        try pair.listener.handle("/stuck/1.0.0") { stream in
            defer { ended.fire() }
            _ = try await stream.read()
        }
        let stream = try await pair.dialer.open("/slow/1.0.0", to: pair.address)
        let connection = stream.connection
        await started.wait()
        async let down: Void = pair.listener.shutdown(grace: .seconds(20))
        // As soon as the other side has said so, no stream can be opened.
        while (try? await pair.dialer.ping(connection)) != nil {}
        try await stream.write([1, 2, 3])
        stream.closeWrite()
        #expect(try await stream.readToEnd(limit: 10) == [1, 2, 3])
        await down
        #expect(pair.listener.connections.isEmpty)
        await #expect(throws: P2PError.self) { try await pair.dialer.dial(pair.address) }

        let again = try await HostPair()
        try again.listener.handle("/stuck/1.0.0") { stream in
            defer { ended.fire() }
            _ = try await stream.read()
        }
        let stuck = try await again.dialer.open("/stuck/1.0.0", to: again.address)
        await again.listener.shutdown(grace: .milliseconds(10))
        #expect(ended.count == 1)
        await #expect(throws: P2PError.connectionClosed) { try await stuck.read() }
        await #expect(throws: P2PError.shutDown) { try await again.listener.dial(pair.address) }
        await again.shutdown()
        await pair.shutdown()
    }

    @Test("A cancelled task stops waiting")
    func cancellation() async throws {
        try await HostPair.run { pair in
            let never = Signal()
            defer { never.fire() }
            try pair.listener.handle("/never/1.0.0") { _ in await never.wait() }
            let stream = try await pair.dialer.open("/never/1.0.0", to: pair.address)
            let reader = Task { () async throws(P2PError) in try await stream.read() }
            reader.cancel()
            await #expect(throws: P2PError.cancelled) { try await reader.value }
            let writer = Task { try await stream.write(Array(repeating: 0, count: 1 << 20)) }
            writer.cancel()
            await #expect(throws: P2PError.cancelled) { try await writer.value }
        }
    }

    @Test("Two tasks cannot read one stream at the same time")
    func overlappingReads() async throws {
        try await HostPair.run { pair in
            try pair.serveEcho()
            let stream = try await pair.dialer.open("/echo/1.0.0", to: pair.address)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        do throws(P2PError) { return try await stream.read() != nil } catch {
                            #expect(error == .readsOverlap)
                            // The other one is still waiting.
                            try await stream.write([1])
                            return false
                        }
                    }
                }
                var answers: [Bool] = []
                for try await answer in group { answers.append(answer) }
                #expect(Set(answers) == [true, false])
            }
        }
    }
}
