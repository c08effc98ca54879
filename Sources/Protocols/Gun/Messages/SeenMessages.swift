// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The ids of messages that were seen, and from whom, so that each is taken once and answers find their way back.
///
/// An id is forgotten 9 seconds after its last use, or earlier when more are remembered than the limit allows.
struct SeenMessages<Peer: Hashable & Sendable>: Sendable {
    private struct Seen: Sendable {
        var usedAt: Double
        var origin: Peer?
        /// The hashes of the answers that the asker has, or was sent.
        var answers: Set<Int64> = []
    }

    /// - Unit: milliseconds.
    static var memory: Double { 9000 }
    private static var maximumAnswers: Int { 64 }

    private var seen: [MessageID: Seen] = [:]
    /// The ids by their use, the earliest first; those used again later stand here twice.
    private var uses: [(id: MessageID, at: Double)] = []
    private var first = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { seen.count }

    /// Remembers a message; `false` when it is a repetition.
    mutating func insert(_ id: MessageID, from origin: Peer?, at now: Double) -> Bool {
        forget(at: now)
        let isNew = seen[id] == nil
        if isNew { seen[id] = Seen(usedAt: now, origin: origin) }
        touch(id, at: now)
        return isNew
    }

    /// Who sent the message that is answered; `nil` when it is not known, or our own.
    mutating func origin(of id: MessageID, at now: Double) -> Peer? {
        forget(at: now)
        guard let origin = seen[id]?.origin else { return nil }
        touch(id, at: now)
        return origin
    }

    /// Remembers that the asker has an answer with this hash; `false` when it had it before.
    mutating func insertAnswer(_ hash: Int64, to id: MessageID) -> Bool {
        guard let known = seen[id] else { return true }
        guard known.answers.count < Self.maximumAnswers else { return !known.answers.contains(hash) }
        return seen[id]?.answers.insert(hash).inserted ?? true
    }

    private mutating func touch(_ id: MessageID, at now: Double) {
        seen[id]?.usedAt = now
        uses.append((id, now))
    }

    private mutating func forget(at now: Double) {
        while first < uses.count {
            let use = uses[first]
            guard use.at + Self.memory <= now || seen.count > limit || uses.count - first > 2 * limit else { break }
            if let known = seen[use.id], known.usedAt <= use.at || seen.count > limit || uses.count - first > 2 * limit
            {
                seen[use.id] = nil
            }
            first += 1
        }
        if first > 1024, first > uses.count / 2 {
            uses.removeFirst(first)
            first = 0
        }
    }
}
