// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingPrimitives

/// Tells each who reads what contracts tell, and lets none of them move another's place.
///
/// Who reads says only after which number. Whoever stopped at a number that a feed gave goes on with that feed, so that
/// all who have caught up share one; anybody else begins a feed of his own. One feed for all would give blocks of long
/// ago numbers above those of whoever is ahead, and after a restart a number says from which block to go on.
actor LogFeeds {
    private let source: LogSource
    private var feeds: [(feed: LogFeed, asked: UInt64)] = []
    private var questions: UInt64 = 0
    /// What keeps a reader from going on, for as long as no endpoint answers it.
    private(set) var withheld: (block: UInt64, fault: EndpointFault)?

    /// More than there are schemes: whoever is dropped begins anew, and is told something twice.
    private static let most = 16

    init(_ source: LogSource) { self.source = source }

    /// What was told after a place, oldest first.
    func entries(after sequence: UInt64, limit: Int) async throws(EndpointFault) -> [LogFeed.Entry] {
        while true {
            let feed = await feed(after: sequence)
            do throws(EndpointFault) {
                guard let found = try await feed.entries(after: sequence, limit: limit) else { continue }
                if let block = withheld?.block, await feed.hasRead(block) { withheld = nil }
                return found
            } catch {
                if case .withheld(_, _, let block, _) = error { withheld = (block, error) }
                throw error
            }
        }
    }

    /// Two that begin at one place at once may get two feeds, and share one from their next question on.
    private func feed(after sequence: UInt64) async -> LogFeed {
        var chosen: (feed: LogFeed, progress: LogFeed.Progress)?
        for (feed, _) in feeds {
            guard let progress = await feed.progress(at: sequence) else { continue }
            // Two feeds may have given the number to different logs. Behind the earlier one nothing is missed.
            if let chosen, chosen.progress <= progress { continue }
            chosen = (feed, progress)
        }
        questions += 1
        if let feed = chosen?.feed {
            if let index = feeds.firstIndex(where: { $0.feed === feed }) { feeds[index].asked = questions }
            return feed
        }
        let feed = LogFeed(after: sequence, source)
        feeds.append((feed, questions))
        if feeds.count > Self.most, let oldest = feeds.indices.min(by: { feeds[$0].asked < feeds[$1].asked }) {
            feeds.remove(at: oldest)
        }
        return feed
    }
}
