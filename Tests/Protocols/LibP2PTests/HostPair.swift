// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Synchronization
import Testing

@testable import FarthingLibP2P

/// Two hosts on the loopback, of which the second listens.
struct HostPair {
    let dialer: PeerHost
    let listener: PeerHost
    let address: Multiaddr

    init(_ configuration: HostConfiguration = .changed { _ in }) async throws {
        listener = try await PeerHost.listen(
            on: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")], identity: try Samples.identity(2),
            configuration: configuration)
        dialer = try await PeerHost.listen(
            identity: PeerIdentity(secp256k1: try Samples.ethereumKey(3)), configuration: configuration)
        address = try #require(listener.addresses.first)
    }

    /// Runs `body` with two hosts, and shuts both down.
    static func run(
        _ configuration: HostConfiguration = .changed { _ in }, _ body: (HostPair) async throws -> Void
    ) async throws {
        let pair = try await HostPair(configuration)
        do { try await body(pair) } catch {
            await pair.shutdown()
            throw error
        }
        await pair.shutdown()
    }

    func shutdown() async {
        await dialer.shutdown(grace: .zero)
        await listener.shutdown(grace: .zero)
    }

    func serveEcho() throws {
        try listener.handle("/echo/1.0.0", limit: 20_000) { stream in
            for try await piece in stream { try await stream.write(piece) }
        }
    }
}

extension HostConfiguration {
    /// That of tests, which ask no peer what it is by themselves, with some changes.
    static func changed(_ change: (inout HostConfiguration) -> Void) -> HostConfiguration {
        var configuration = HostConfiguration()
        configuration.identifiesPeers = false
        change(&configuration)
        return configuration
    }
}

/// Something that happens once, or a few times, and can be waited for.
final class Signal: Sendable {
    private let state = Mutex((count: 0, waiting: [(Int, CheckedContinuation<Void, Never>)]()))

    func fire() {
        let ready = state.withLock { state in
            state.count += 1
            let ready = state.waiting.filter { $0.0 <= state.count }
            state.waiting.removeAll { $0.0 <= state.count }
            return ready
        }
        for (_, continuation) in ready { continuation.resume() }
    }

    func wait(times: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.count >= times { return true }
                state.waiting.append((times, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    var count: Int { state.withLock { $0.count } }
}
