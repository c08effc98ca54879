// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// Commits to a store from many lanes at once, each with channels of its own.
struct StoreLoad: Sendable {
    static let channels = 256
    static let lanes = 64

    private let store: any ChannelStore

    init(_ store: any ChannelStore) async throws {
        self.store = store
        for number in 0..<Self.channels { _ = try await store.commit(Self.commit(number), over: nil) }
    }

    func entrant(_ name: String) -> Entrant {
        Entrant(name, trial: Self.channels * 4) { operations in
            { try await Measurement.ofThisProcess(operations) { try await commitAll(operations) } }
        }
    }

    private func commitAll(_ operations: Int) async throws {
        try await withThrowingTaskGroup { group in
            for lane in 0..<Self.lanes {
                group.addTask {
                    var versions: [Int: Version] = [:]
                    for step in stride(from: lane, to: operations, by: Self.lanes) {
                        let number = (lane + Self.lanes * (step / Self.lanes)) % Self.channels
                        let commit = Self.commit(number)
                        var version = versions[number]
                        if version == nil { version = try await store.load(commit.channel)?.version }
                        _ = try await store.commit(commit, over: version)
                        versions[number] = version?.next
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static let state = [UInt8](repeating: 7, count: 340)

    private static func commit(_ number: Int) -> ChannelCommit {
        let id = ChannelID(Hash32 { $0.storeBytes(of: UInt64(number).bigEndian, as: UInt64.self) })
        return ChannelCommit(channel: id, scheme: "voucher", state: state)
    }
}
