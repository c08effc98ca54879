// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives

/// Follows what contracts tell from one place on, block by block, as far as it is deep enough in the chain.
///
/// A block that left the chain all the same is noticed by its hash: what stands in its place is told then, under higher
/// numbers than all before. So whoever reads after a number misses nothing, and may be told something twice.
///
/// What ends a channel is told as soon as a block has it, and again when that is deep enough: a payee has only so long
/// to act on it, and it does no harm to act for nothing.
actor LogFeed {
    struct Entry: Sendable {
        /// Rises from entry to entry.
        ///
        /// The block's height is in its upper part, so that the place is found after a restart.
        let sequence: UInt64
        let log: ChainLog
        let time: Instant
        /// Whether it is told before its block is deep enough.
        var isEarly = false
    }

    /// How far somebody has read: up to a log that he has not read.
    struct Progress: Comparable, Sendable {
        let height: UInt64
        let index: UInt64

        static func < (first: Progress, second: Progress) -> Bool {
            (first.height, first.index) < (second.height, second.index)
        }
    }

    /// A log in a block that is not deep enough yet.
    private struct EarlyLog: Hashable {
        let height: UInt64
        let blockHash: Hash32
        let index: UInt64

        init(_ log: ChainLog) {
            height = log.height
            blockHash = log.blockHash
            index = log.index
        }
    }

    private let source: LogSource
    /// All that it tells has numbers above this one.
    private let origin: UInt64
    /// The lowest block that is looked at.
    private let first: UInt64
    /// The lowest block that was not looked at yet.
    private var next: UInt64
    private var entries: [Entry] = []
    private var last: UInt64
    /// The newest entry that is not kept any more.
    private var forgotten: Entry?
    /// The hashes of blocks that were looked at, ascending.
    private var marks: [(height: UInt64, hash: Hash32)] = []
    /// What was told early, and not yet again.
    private var early: Set<EarlyLog> = []
    private var step: UInt64
    private var looked: ContinuousClock.Instant?
    private var turns = Turns()

    /// - Parameter sequence: Where a reader stopped; 0 for the chain's beginning.
    init(after sequence: UInt64, _ source: LogSource) {
        self.source = source
        origin = sequence
        first = max(source.firstBlock, (sequence >> Self.indexBits).lowered(by: Self.overlap))
        next = first
        last = sequence
        step = source.longestStep
    }

    /// How far below the last place a reader begins after a restart: a block may have been replaced meanwhile.
    private static let overlap: UInt64 = 64
    /// How many bits of a sequence count what the logs of a block tell.
    private static let indexBits: UInt64 = 24
    /// How far apart the numbers of blocks are at least, when they must be higher than those of blocks that left.
    private static let blockDistance: UInt64 = 1 << 16
    /// So many have numbers in the lower part of a sequence.
    static let mostLogsInABlock: UInt64 = 1 << (indexBits - 2)

    /// How far somebody has read who stopped at a number; `nil` when he did not get it here, or what comes after it is
    /// not kept any more.
    func progress(at sequence: UInt64) -> Progress? {
        // What one log tells of has numbers above its own.
        guard sequence >= forgotten?.sequence ?? origin, sequence < last + Self.blockDistance else { return nil }
        let read = entries.last { $0.sequence <= sequence && !$0.isEarly } ?? forgotten
        return read.map { Progress(height: $0.log.height, index: $0.log.index + 1) }
            ?? Progress(height: first, index: 0)
    }

    /// Whether the logs of a block are among those that were read.
    func hasRead(_ block: UInt64) -> Bool { (first..<max(first, next)).contains(block) }

    /// What was told after a place, oldest first; `nil` when that is not kept any more.
    ///
    /// Who asks while the chain answers another waits: two that moved the same place on would skip what one had read.
    func entries(after sequence: UInt64, limit: Int) async throws(EndpointFault) -> [Entry]? {
        let task = turns.next { () async throws(EndpointFault) in
            try await self.look(after: sequence, limit: limit)
        }
        return try await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }.get()
    }

    private func look(after sequence: UInt64, limit: Int) async throws(EndpointFault) -> [Entry]? {
        guard progress(at: sequence) != nil else { return nil }
        func found() -> ArraySlice<Entry> { entries.drop { $0.sequence <= sequence }.prefix(limit) }
        if found().count < limit {
            do throws(EndpointFault) {
                try await advance(until: { found().count >= limit })
            } catch {
                // What was found before the trouble is told before it.
                guard !found().isEmpty else { throw error }
            }
        }
        trim(through: sequence)
        return Array(found())
    }

    private func advance(until isEnough: () -> Bool) async throws(EndpointFault) {
        let now = ContinuousClock.now
        if let looked, now - looked < source.interval { return }
        try await followReorganisation()
        let head = try await source.chain.height(confirmations: source.confirmations)
        var answered = 0
        while next <= head, !isEnough() {
            let end = min(head, next.addingReportingOverflow(step - 1).overflow ? head : next + (step - 1))
            do throws(EndpointFault) {
                try await take(next...end)
            } catch {
                guard end > next, error.isAboutLength else { throw error }
                step = (end - next + 1) / 2
                answered = 0
                continue
            }
            answered += 1
            if answered.isMultiple(of: 8) { step = min(step * 2, source.longestStep) }
            next = end + 1
        }
        if source.confirmations > 1, !isEnough() {
            // Trouble with the newest blocks, on which endpoints may differ, is no trouble with those below.
            try? await lookAhead(above: head)
        }
        looked = now
    }

    /// Takes in what must be known at once, from blocks that are not deep enough for the rest.
    private func lookAhead(above settled: UInt64) async throws(EndpointFault) {
        early = early.filter { $0.height > settled }
        let newest = try await source.chain.height()
        var next = settled + 1
        while next <= newest {
            let end = min(newest, next.addingReportingOverflow(step - 1).overflow ? newest : next + (step - 1))
            let known = early
            let news: LogSource.Page
            do throws(EndpointFault) {
                news = try await source.read(next...end, Topics.urgent) { !known.contains(EarlyLog($0)) }
            } catch {
                guard end > next, error.isAboutLength else { throw error }
                step = (end - next + 1) / 2
                continue
            }
            for (log, time) in news.logs {
                early.insert(EarlyLog(log))
                // Each tells of one thing, and strangers must not drive the numbers ahead of the blocks.
                last += entries.last?.isEarly == true ? 1 : Self.blockDistance
                entries.append(Entry(sequence: last, log: log, time: time, isEarly: true))
            }
            next = end + 1
        }
    }

    /// Takes in what was told in some blocks.
    private func take(_ blocks: ClosedRange<UInt64>) async throws(EndpointFault) {
        let (logs, mark) = try await source.read(blocks, Topics.followed)
        var before: ChainLog?
        for (log, time) in logs {
            // Numbers lie twice as far apart as the logs: one may tell of two things, and of what others between them
            // do.
            let distance = before.map { $0.height == log.height ? 2 * (log.index - $0.index) : nil } ?? nil
            last = max(last + (distance ?? Self.blockDistance), log.height << Self.indexBits | (log.index + 1) << 1)
            before = log
            entries.append(Entry(sequence: last, log: log, time: time))
        }
        marks.append((blocks.upperBound, mark))
    }

    /// Goes back to where the chain is still what it was.
    private func followReorganisation() async throws(EndpointFault) {
        var isGone = false
        while let newest = marks.last {
            if try await source.has(newest.hash, at: newest.height) { break }
            marks.removeLast()
            isGone = true
        }
        guard isGone else { return }
        next = marks.last.map { $0.height + 1 } ?? first
        entries.removeAll { $0.log.height >= next }
        early = early.filter { $0.height < next }
    }

    /// What was read long ago is not kept; who has not read it yet begins a feed of his own.
    ///
    /// - Parameter sequence: Who asks has read so far; what is above it is kept, however much there is.
    private func trim(through sequence: UInt64) {
        if marks.count > 256 { marks.removeFirst(marks.count - 256) }
        guard entries.count > 20_000 else { return }
        let gone = entries.prefix(entries.count - 10_000).prefix { $0.sequence <= sequence }
        guard let newest = gone.last else { return }
        forgotten = newest
        entries.removeFirst(gone.count)
    }
}
