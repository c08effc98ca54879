// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import GRDB

/// The books of a channel, of whatever scheme, as the journal keeps them.
protocol KeptBooks: Sendable {
    var id: ChannelID { get }
    func keep(in db: Database) throws
}

extension KeptChannel: KeptBooks {
    func keep(in db: Database) throws { try db.keep(self) }
}
