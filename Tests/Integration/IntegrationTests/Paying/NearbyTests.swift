// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

/// Whoever sells on the local network is found there, by programs that know nothing of each other.
@Suite("Peers nearby", .timeLimit(.minutes(3)))
struct NearbyTests {
    /// Whether this machine has a network on which one message reaches many.
    private static var hasMulticast: Bool {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0, let first else { return false }
        defer { freeifaddrs(first) }
        for entry in sequence(first: first, next: { $0.pointee.ifa_next }) {
            let one = entry.pointee
            guard one.ifa_addr?.pointee.sa_family == sa_family_t(AF_INET) else { continue }
            let needed = UInt32(IFF_UP | IFF_MULTICAST)
            if one.ifa_flags & needed == needed, one.ifa_flags & UInt32(IFF_LOOPBACK) == 0 { return true }
        }
        return false
    }

    @Test(.enabled(if: hasMulticast, "this machine has no network for it"))
    func `are listed by a command, and paid by nothing but their id`() async throws {
        let shop = try await Shop(["--libp2p", "/ip4/0.0.0.0/tcp/0"])
        let owner = try await WalletOwner(shop)
        let peer = try #require(try await shop.serve.peer().split(separator: "/").last)
        let isListed = try await eventually(within: .seconds(60)) {
            let found = try await owner.run(["peers", "--seconds", "2", "--json"])
            let addresses = found.json?["peers"]?.arrayValue?.compactMap { $0.stringValue } ?? []
            return addresses.contains { $0.hasSuffix("/p2p/\(peer)") }
        }
        #expect(isListed)
        let paid = try await owner.run(["pay", "libp2p://\(peer)/good"])
        #expect(paid.exitCode == 0 && paid.output == "This is /good.", "\(paid.errors)")
        #expect(try await shop.books().values.map(\.charged.units) == [1000])
        try await shop.close()
    }

    @Test func `are looked for in a time that makes sense`() async throws {
        let folder = try TemporaryFolder()
        for seconds in ["0", "61", "soon"] {
            let outcome = try await Farthing.run(["peers", "--seconds", seconds], in: folder)
            #expect(outcome.exitCode == 64, "\(seconds): \(outcome.errors)")
        }
    }
}
