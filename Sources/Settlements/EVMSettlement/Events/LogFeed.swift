// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// Follows what contracts tell, block by block, as far as it is deep enough in the chain.
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
        /// The block's height is in its upper part, so that the place is found after a
        /// restart.
        let sequence: UInt64
        let log: ChainLog
        let time: Instant
        /// Whether it is told before its block is deep enough.
        var isEarly = false
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

    private let chain: ChainClient
    private let firstBlock: UInt64
    private let confirmations: UInt64
    private let longestStep: UInt64
    private let interval: Duration

    private var contracts: [Address] = []
    private var entries: [Entry] = []
    /// The lowest block that was looked at, and the lowest that was not yet.
    private var reach: (from: UInt64, next: UInt64)?
    private var last: UInt64 = 0
    /// The number of the newest entry that is not kept any more.
    private var forgotten: UInt64 = 0
    /// The hashes of blocks that were looked at, ascending.
    private var marks: [(height: UInt64, hash: Hash32)] = []
    /// What was told early, and not yet again.
    private var early: Set<EarlyLog> = []
    private var step: UInt64
    private var looked: ContinuousClock.Instant?
    /// Over when all who asked so far are answered.
    private var turn: Task<Void, Never>?

    /// - Parameters:
    ///   - confirmations: How many blocks must hold a log, its own among them.
    ///   - step: Over how many blocks logs are asked for at once, at most.
    ///   - interval: How often the chain is asked for more.
    init(chain: ChainClient, firstBlock: UInt64, confirmations: UInt64, step: UInt64, interval: Duration) {
        self.chain = chain
        self.firstBlock = firstBlock
        self.confirmations = confirmations
        longestStep = max(step, 1)
        self.step = longestStep
        self.interval = interval
    }

    /// How far below the last place a reader begins after a restart: a block may have been replaced meanwhile.
    private static let overlap: UInt64 = 64
    /// How many bits of a sequence count what the logs of a block tell.
    private static let indexBits: UInt64 = 24
    /// How far apart the numbers of blocks are at least, when they must be higher than those of blocks that left.
    private static let blockDistance: UInt64 = 1 << 16

    /// What was told after a place, oldest first.
    ///
    /// Who asks while the chain answers another waits: two that moved the same place on would skip what one had read.
    func entries(
        after sequence: UInt64, limit: Int, of contracts: [Address]
    ) async throws(EndpointFault) -> [Entry] {
        let before = turn
        let task = Task { () -> Result<[Entry], EndpointFault> in
            await before?.value
            do throws(EndpointFault) {
                return .success(try await self.look(after: sequence, limit: limit, of: contracts))
            } catch { return .failure(error) }
        }
        turn = Task { _ = await task.value }
        return try await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }.get()
    }

    private func look(
        after sequence: UInt64, limit: Int, of contracts: [Address]
    ) async throws(EndpointFault) -> [Entry] {
        let height = sequence >> Self.indexBits
        let start = max(firstBlock, height.lowered(by: Self.overlap))
        // What one log tells of has numbers above its own: those are no sign of a reader that knows more.
        let isAhead = sequence >= last + Self.blockDistance
        let isBehind = sequence < forgotten || reach.map { start < $0.from } ?? true
        if contracts != self.contracts || isAhead || isBehind {
            self.contracts = contracts
            entries = []
            marks = []
            early = []
            reach = (start, start)
            last = max(last, sequence)
            forgotten = 0
            looked = nil
        }
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
        if let looked, now - looked < interval { return }
        try await followReorganisation()
        let head = try await chain.height(confirmations: confirmations)
        var answered = 0
        while let (from, next) = reach, next <= head, !isEnough() {
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
            if answered.isMultiple(of: 8) { step = min(step * 2, longestStep) }
            reach = (from, end + 1)
        }
        if confirmations > 1, !isEnough() {
            // Trouble with the newest blocks, on which endpoints may differ, is no trouble with those below.
            try? await lookAhead(above: head)
        }
        looked = now
    }

    /// Takes in what must be known at once, from blocks that are not deep enough for the rest.
    private func lookAhead(above settled: UInt64) async throws(EndpointFault) {
        early = early.filter { $0.height > settled }
        let newest = try await chain.height()
        var next = settled + 1
        while next <= newest {
            let end = min(newest, next.addingReportingOverflow(step - 1).overflow ? newest : next + (step - 1))
            let known = early
            let news: (logs: [(log: ChainLog, time: Instant)], mark: Hash32)
            do throws(EndpointFault) {
                news = try await read(next...end, Topics.urgent) { !known.contains(EarlyLog($0)) }
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
        let (logs, mark) = try await read(blocks, Topics.followed)
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

    /// What was told in some blocks, in its order, and the hash of the last of them.
    ///
    /// - Parameters:
    ///   - topics: What to ask for, by the first of a log's topics.
    ///   - matters: What to take of it.
    private func read(
        _ blocks: ClosedRange<UInt64>, _ topics: [Hash32], where matters: (ChainLog) -> Bool = { _ in true }
    ) async throws(EndpointFault) -> (logs: [(log: ChainLog, time: Instant)], mark: Hash32) {
        // Asked for first: if the block is replaced before its logs are read, they are read again.
        let mark = try Self.hash(of: try await chain.agreed([.block(blocks.upperBound)])[0].get())
        var logs: [ChainLog] = []
        for json in try await chain.logs(of: contracts, anyOf: topics, in: blocks) {
            let log = try ChainLog(json: json)
            guard contracts.contains(log.contract), blocks.contains(log.height), log.index < 1 << (Self.indexBits - 2),
                log.topics.first.map(topics.contains) ?? false
            else { throw .malformed("a log was not asked for") }
            if matters(log) { logs.append(log) }
        }
        logs.sort { ($0.height, $0.index) < ($1.height, $1.index) }
        var times: [UInt64: (hash: Hash32, time: Instant)] = [:]
        let heights = Set(logs.map(\.height)).sorted()
        for start in stride(from: 0, to: heights.count, by: 100) {
            let some = heights[start..<min(start + 100, heights.count)]
            for (height, answer) in zip(some, try await chain.agreed(some.map { .block($0) })) {
                let json = try answer.get()
                times[height] = (try Self.hash(of: json), try Block(node: json).time)
            }
        }
        // Between two answers a block may have been replaced: the next look finds all anew.
        guard logs.allSatisfy({ times[$0.height]?.hash == $0.blockHash }) else {
            throw .malformed("a block was replaced meanwhile")
        }
        return (logs.compactMap { log in times[log.height].map { (log, $0.time) } }, mark)
    }

    /// Goes back to where the chain is still what it was.
    private func followReorganisation() async throws(EndpointFault) {
        var isGone = false
        while let newest = marks.last {
            let json = try await chain.agreed([.block(newest.height)])[0].get()
            if json.members != nil, try Self.hash(of: json) == newest.hash { break }
            marks.removeLast()
            isGone = true
        }
        guard isGone, let (from, _) = reach else { return }
        let next = marks.last.map { $0.height + 1 } ?? from
        entries.removeAll { $0.log.height >= next }
        early = early.filter { $0.height < next }
        reach = (from, next)
    }

    /// What everybody has read long ago is not kept.
    ///
    /// - Parameter sequence: Who asks has read so far; what is above it is kept, however much there is.
    private func trim(through sequence: UInt64) {
        if marks.count > 256 { marks.removeFirst(marks.count - 256) }
        guard entries.count > 20_000 else { return }
        let gone = entries.prefix(entries.count - 10_000).prefix { $0.sequence <= sequence }
        guard let newest = gone.last else { return }
        forgotten = newest.sequence
        entries.removeFirst(gone.count)
    }

    private static func hash(of block: JSON) throws(EndpointFault) -> Hash32 {
        guard let hash = block["hash"]?.stringValue.flatMap(Hash32.init(hex:)) else {
            throw .malformed("a block has no hash")
        }
        return hash
    }
}
