// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingVoucherScheme

/// What a store says of one channel.
struct ChannelBooks: Hashable, Sendable {
    let charged: Amount
    let credit: Amount
    let authorised: Amount
    let balance: Amount
    let captured: Amount
    let isIdle: Bool

    private init(_ channel: VoucherChannel) {
        charged = channel.charged
        credit = channel.credit
        authorised = channel.authorised
        balance = channel.ledger.balance
        captured = channel.ledger.totalClaimed
        isIdle = channel.phase == .idle
    }

    /// Reads a store, also while a node works with it.
    static func all(inStore path: String) async throws -> [ChannelID: ChannelBooks] {
        let store = try JournalStore(path: path, mode: .readOnly)
        var all: [ChannelID: ChannelBooks] = [:]
        var last: ChannelID?
        while true {
            let page = try await store.channels(after: last, limit: 500)
            guard let end = page.last else { break }
            for stored in page { all[stored.id] = ChannelBooks(try VoucherChannel(stored: stored.record.state)) }
            last = end.id
        }
        await store.close()
        return all
    }
}
