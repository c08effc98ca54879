// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation
import GRDB

/// Reads channels in the order of their ids, with one copy of each state and nothing else for each row.
///
/// A node reads all of its channels when it starts, and there may be a million.
struct ChannelPage {
    private let statement: Statement

    init(_ db: Database) throws {
        statement = try db.cachedStatement(
            sql: "SELECT id, scheme, version, state FROM channels WHERE id > ifnull(?, x'') ORDER BY id LIMIT ?")
    }

    func read(after: ChannelID?, limit: Int) throws -> [StoredChannel] {
        try statement.setArguments([after.map { Data($0) }, max(0, limit)])
        var page: [StoredChannel] = []
        page.reserveCapacity(min(max(0, limit), 1000))
        var scheme = ""
        try LentRow.forEach(of: statement) { row in
            let id = try row.channel(0)
            // Nearly always the scheme of the row before, and then no string is made.
            try row.text(1) { text in
                if !scheme.utf8.elementsEqual(text) { scheme = String(decoding: text, as: UTF8.self) }
            }
            let version = Version(number: try row.number(2))
            let state = try row.blob(3) { Array($0) }
            page.append(
                StoredChannel(id: id, record: ChannelRecord(scheme: scheme, state: state, version: version)))
        }
        return page
    }
}
