// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingVoucherScheme
import GRDB

/// The books of a channel, of whatever scheme, as the journal keeps them.
protocol KeptBooks: Sendable {
    var id: ChannelID { get }
    func keep(in db: Database) throws
    /// Removes a channel that nothing was ever paid into.
    func remove(from db: Database) throws
}

extension KeptChannel: KeptBooks {
    func keep(in db: Database) throws { try db.keep(self) }

    func remove(from db: Database) throws {
        try db.execute(sql: "DELETE FROM channels WHERE id = ?", arguments: ["\(id)"])
    }

    /// Whether nobody ever heard of this channel.
    var isBlank: Bool { books == VoucherPayer(id: id, terms: books.terms) }
}
