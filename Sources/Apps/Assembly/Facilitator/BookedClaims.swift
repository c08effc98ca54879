// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Synchronization

/// What was seen to be claimed of channels within the last minute, so that old rows cost no questions to a chain.
///
/// A chain can take a block back, so it says only whose share a claim is counted for, and never that it is booked.
final class BookedClaims: Sendable {
    private struct Book {
        var minute = Int64.min
        var totals: [ChannelID: Amount] = [:]
    }

    /// How many channels are remembered: some hundred bytes each.
    private static let most = 10_000

    private let book = Mutex(Book())

    /// Whether so much was seen to be claimed.
    func has(_ total: Amount, of channel: ChannelID, at now: Instant) -> Bool {
        book.withLock { book in
            book.minute == now.unixSeconds / 60 && total <= book.totals[channel] ?? .zero
        }
    }

    func saw(_ claimed: Amount, of channel: ChannelID, at now: Instant) {
        book.withLock { book in
            let minute = now.unixSeconds / 60
            if book.minute != minute || book.totals.count >= Self.most { book = Book(minute: minute) }
            book.totals[channel] = claimed
        }
    }
}
