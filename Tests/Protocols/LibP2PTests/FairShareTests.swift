// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import FarthingLibP2P

/// All that one address takes leaves room for another: here 127.0.0.1 is the greedy one, and `::1` the other.
@Suite("A host that is full", .timeLimit(.minutes(5)))
struct FairShareTests {
    /// A host that listens at both addresses, and a peer that comes from `::1`.
    private func run(
        _ configuration: HostConfiguration,
        _ body: (_ pair: HostPair, _ guest: PeerHost, _ address: Multiaddr) async throws -> Void
    ) async throws {
        try await HostPair.run(configuration) { pair in
            let address = try await pair.listener.listen(on: try Multiaddr(text: "/ip6/::1/tcp/0"))
            let guest = try await PeerHost.listen(
                identity: try Samples.identity(20), configuration: .changed { _ in })
            do { try await body(pair, guest, address) } catch {
                await guest.shutdown(grace: .zero)
                throw error
            }
            await guest.shutdown(grace: .zero)
        }
    }

    /// A socket that never says anything.
    private func silence(at address: Multiaddr) async throws -> any Channel {
        let port = Int(try #require(address.tcpEndpoint?.port))
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port).get()
    }

    @Test func `closes the oldest silent socket of the greedy address for one of another`() async throws {
        try await run(.changed { $0.pendingConnections = 2 }) { pair, guest, address in
            var silent: [any Channel] = []
            for count in 1...2 {
                silent.append(try await silence(at: pair.address))
                while pair.listener.state.withLock({ $0.pending.count }) < count { await Task.yield() }
            }
            _ = try await guest.ping(try await guest.connect(to: address))
            try await silent[0].closeFuture.get()
            #expect(silent[1].isActive)
            try await silent[1].close()
        }
    }

    /// Two peers from the greedy address, the older one first.
    private func fill(_ pair: HostPair) async throws -> [PeerHost] {
        var hosts: [PeerHost] = []
        for number in UInt8(10)...11 {
            let host = try await PeerHost.listen(
                identity: try Samples.identity(number), configuration: .changed { _ in })
            hosts.append(host)
            _ = try await host.ping(try await host.connect(to: pair.address))
        }
        return hosts
    }

    @Test func `closes the oldest idle connection of the greedy address for one of another`() async throws {
        try await run(.changed { $0.connections = 2 }) { pair, guest, address in
            let hosts = try await fill(pair)
            let oldest = try #require(hosts[0].connections.first)
            _ = try await guest.ping(try await guest.connect(to: address))
            await oldest.waitUntilClosed()
            _ = try await hosts[1].ping(try #require(hosts[1].connections.first))
            #expect(pair.listener.connections.count == 2)
            for host in hosts { await host.shutdown(grace: .zero) }
        }
    }

    /// Whoever has many addresses throws nobody out who has one.
    @Test func `closes nothing for another address where each has one`() throws {
        let places = try (1...4).map { AddressUses.Place(try #require(IPAddress(bytes: [10, 0, 0, $0]))) }
        #expect(AddressUses.yielding(to: places[3], among: places.prefix(3)) == nil)
        #expect(AddressUses.yielding(to: places[3], among: places.prefix(3) + [places[1]]) == places[1])
        #expect(AddressUses.yielding(to: places[3], among: Array(repeating: places[1], count: 2) + [places[3]]) == nil)
    }

    /// As a payer does that breaks off what it has paid for: who serves it has no answer to write any more.
    @Test func `holds a connection for a stream no longer than there is one`() async throws {
        try await run(.changed { $0.connections = 2 }) { pair, guest, address in
            let held = Signal()
            try pair.listener.handle("/paid/1.0.0") { stream in
                stream.hold()
                held.fire()
                _ = try await stream.read()
            }
            let hosts = try await fill(pair)
            for (index, host) in hosts.enumerated() {
                let stream = try await host.open("/paid/1.0.0", to: pair.address)
                await held.wait(times: index + 1)
                stream.reset()
            }
            while pair.listener.connections.contains(where: \.isHeld) { try await Task.sleep(for: .milliseconds(1)) }
            _ = try await guest.ping(try await guest.connect(to: address))
            for host in hosts { await host.shutdown(grace: .zero) }
        }
    }

    @Test func `closes no connection on which something is in hand`() async throws {
        try await run(.changed { $0.connections = 2 }) { pair, guest, address in
            let go = Signal()
            let held = Signal()
            defer { go.fire() }
            try pair.listener.handle("/paid/1.0.0") { stream in
                stream.hold()
                held.fire()
                await go.wait()
                try await stream.write([1])
                stream.release(isWritten: true)
            }
            let hosts = try await fill(pair)
            var paid: [PeerStream] = []
            for host in hosts { paid.append(try await host.open("/paid/1.0.0", to: pair.address)) }
            await held.wait(times: 2)
            await #expect(throws: P2PError.self) {
                _ = try await guest.ping(try await guest.connect(to: address))
            }
            go.fire()
            for stream in paid {
                let answer = try await stream.read()
                #expect(answer == [1])
            }
            for host in hosts { await host.shutdown(grace: .zero) }
        }
    }

    @Test func `leaves room for what another address has to say`() async throws {
        try await run(.changed { $0.unreadBytesInAll = 600_000 }) { pair, guest, address in
            let go = Signal()
            defer { go.fire() }
            try pair.listener.handle("/wait/1.0.0") { stream in
                await go.wait()
                let count = try await stream.readToEnd(limit: 200_000).count
                try await stream.write("\(count)")
            }
            var greedy: [PeerStream] = []
            // Until the address has no room for another; a reset may come before all is written.
            while pair.listener.unread.used < 200_000, greedy.count < 8 {
                let stream = try await pair.dialer.open("/wait/1.0.0", to: pair.address)
                greedy.append(stream)
                try? await stream.write(Array(repeating: 0, count: 262_144))
                for _ in 0..<100 where pair.listener.unread.used < 200_000 {
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            #expect(pair.listener.unread.used >= 200_000)
            let stream = try await guest.open("/wait/1.0.0", to: address)
            try await stream.write(Array(repeating: 0, count: 100_000))
            stream.closeWrite()
            // It has all come when this is answered.
            _ = try await guest.ping(stream.connection)
            go.fire()
            let count = try await stream.readToEnd(limit: 10)
            #expect(String(decoding: count, as: UTF8.self) == "100000")
        }
    }
}
