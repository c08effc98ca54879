// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// How one channel of a payer lies in the store, and with it how all of them do.
struct StoredForm: Sendable {
    private let scheme: String
    private let bytes: [UInt8]
    private let effects: [[UInt8]]
    private let salts, ids: [Int]

    /// - Parameters:
    ///   - id: The channel's, and `salt` what tells it from others of the same payer; the state holds both.
    init(scheme: String, state: [UInt8], effects: [[UInt8]] = [], id: ChannelID, salt: Hash32) throws {
        self.scheme = scheme
        self.effects = effects
        bytes = state
        salts = Self.places(of: salt.bytes, in: bytes)
        ids = Self.places(of: id.hash.bytes, in: bytes)
        guard !salts.isEmpty else { throw WrongResult("The stored form of a channel does not hold its salt.") }
    }

    /// Another channel of the payer.
    func commit(id: ChannelID, salt: Hash32) -> ChannelCommit {
        var bytes = bytes
        for place in salts { bytes.replaceSubrange(place..<place + 32, with: salt.bytes) }
        for place in ids { bytes.replaceSubrange(place..<place + 32, with: id.hash.bytes) }
        return ChannelCommit(channel: id, scheme: scheme, state: bytes, effects: effects)
    }

    /// Puts many new channels into a store.
    ///
    /// - Parameter commit: The one with a number.
    static func commitAll(
        _ count: Int, to store: any ChannelStore, _ commit: @escaping @Sendable (Int) -> ChannelCommit
    ) async throws {
        for start in stride(from: 0, to: count, by: inFlight) {
            try await withThrowingTaskGroup { group in
                for number in start..<min(start + inFlight, count) {
                    group.addTask { _ = try await store.commit(commit(number), over: nil) }
                }
                try await group.waitForAll()
            }
        }
    }

    private static let inFlight = 20_000

    private static func places(of part: [UInt8], in whole: [UInt8]) -> [Int] {
        whole.indices.dropLast(part.count - 1).filter { whole[$0..<$0 + part.count].elementsEqual(part) }
    }
}
