// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingNode
import FarthingPrimitives
import Logging
import Synchronization

/// Sets aside under caps what requests may leave unclaimed; where there is no room, it is made by claiming first.
///
/// Of many requests that find none one claims, and the others wait for that.
final class RoomUnderCaps: Sendable {
    /// How long nobody tries to make room after that failed.
    ///
    /// - Unit: seconds.
    static let pause: Int64 = 5

    /// Whose room is made: one channel's, or that of all.
    private enum Place: Hashable {
        case channel(ChannelID)
        case all
    }

    private let index: UnclaimedIndex
    private let clock: @Sendable () -> Instant
    private let logger: Logger
    private let reliefs = WorkUnderWay<Place, Bool>()
    private let pausedUntil = Mutex<Instant?>(nil)

    init(_ index: UnclaimedIndex, clock: @escaping @Sendable () -> Instant, logger: Logger) {
        self.index = index
        self.clock = clock
        self.logger = logger
    }

    /// Sets an amount aside.
    ///
    /// - Parameter claim: Claims what channels have earned, and says whether that may have made room.
    /// - Throws: ``UnclaimedRefusal`` when no claim makes room; nothing is set aside then.
    func hold(
        _ amount: Amount, as reservation: UInt64, of id: ChannelID, token: Address,
        claim: @escaping @Sendable ([UnclaimedChannel]) async throws -> Bool
    ) async throws(UnclaimedRefusal) {
        // Others may take the room that was made, so one try may not be enough; but it must come to an end.
        for _ in 0..<3 {
            do {
                return try index.reserve(amount, as: reservation, of: id, token: token)
            } catch {
                guard await makeRoom(after: error, for: amount, in: id, token: token, claim) else { throw error }
            }
        }
        try index.reserve(amount, as: reservation, of: id, token: token)
    }

    private func makeRoom(
        after refusal: UnclaimedRefusal, for amount: Amount, in id: ChannelID, token: Address,
        _ claim: @escaping @Sendable ([UnclaimedChannel]) async throws -> Bool
    ) async -> Bool {
        let place: Place =
            switch refusal {
            case .exceedsChannelCap, .claimRefused: .channel(id)
            case .exceedsTotalCap: .all
            }
        return await reliefs.run(place) { [self] in
            let now = clock()
            // One that lies further ahead than it was made is from a clock that was wrong.
            let isPaused = pausedUntil.withLock {
                $0.map { (1...Self.pause).contains($0.seconds(since: now)) } ?? false
            }
            guard !isPaused else { return false }
            let channels = index.relief(of: refusal, for: amount, in: id, token: token, at: now)
            guard !channels.isEmpty else { return false }
            do {
                return try await claim(channels)
            } catch {
                pausedUntil.withLock { $0 = now.advanced(bySeconds: Self.pause) }
                logger.error("No room could be made under a cap", metadata: ["error": "\(error)"])
                return false
            }
        }
    }
}
