// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives
import Testing

/// What every `ChannelStore` must do, whoever wrote it.
///
/// Call ``run()`` from a test of your own, with a maker of empty stores:
///
///     try await ChannelStoreConformance { try MyStore(in: folder.newPath()) }.run()
///
/// Then let a ``ChannelStoreWalk`` go through it at random.
public struct ChannelStoreConformance: Sendable {
    let makeStore: @Sendable () async throws -> any ChannelStore

    public init(_ makeStore: @escaping @Sendable () async throws -> any ChannelStore) {
        self.makeStore = makeStore
    }

    public func run() async throws {
        try await runCommits()
        try await runEffects()
        try await runPages()
        try await runBookmarks()
        try await runCrowds()
    }

    // MARK: - Material

    var channel: ChannelID { Self.channel(1) }

    /// A channel of its own for every number, in the order of the numbers.
    static func channel(_ number: Int) -> ChannelID {
        ChannelID(
            Hash32 { bytes in
                bytes.storeBytes(of: UInt64(number).bigEndian, as: UInt64.self)
                for index in 8..<32 { bytes[index] = UInt8(truncatingIfNeeded: index &* 37) }
            })
    }

    func commit(
        _ state: [UInt8], effects: [[UInt8]] = [], on channel: ChannelID? = nil
    ) -> ChannelCommit {
        ChannelCommit(channel: channel ?? self.channel, scheme: "test", state: state, effects: effects)
    }

    func record(_ state: [UInt8], version: Int64) -> ChannelRecord {
        ChannelRecord(scheme: "test", state: state, version: Version(number: version))
    }
}
