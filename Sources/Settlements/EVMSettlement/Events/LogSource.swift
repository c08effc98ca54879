// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// Where logs are read, and how they are asked for.
struct LogSource: Sendable {
    let chain: ChainClient
    /// Whose logs these are.
    let contracts: [Address]
    /// Before it nothing happened that matters here.
    let firstBlock: UInt64
    /// How many blocks must hold a log, its own among them.
    let confirmations: UInt64
    /// Over how many blocks logs are asked for at once, at most.
    ///
    /// - Range: 1 and up.
    let longestStep: UInt64
    /// How often the chain is asked for more.
    let interval: Duration

    /// Logs with the times of their blocks, and the hash of the last block that was looked at.
    typealias Page = (logs: [(log: ChainLog, time: Instant)], mark: Hash32)

    /// What was told in some blocks, in its order.
    ///
    /// - Parameters:
    ///   - topics: What to ask for, by the first of a log's topics.
    ///   - matters: What to take of it.
    func read(
        _ blocks: ClosedRange<UInt64>, _ topics: [Hash32], where matters: (ChainLog) -> Bool = { _ in true }
    ) async throws(EndpointFault) -> Page {
        // Asked for first: if the block is replaced before its logs are read, they are read again.
        let mark = try Self.hash(of: try await block(blocks.upperBound))
        var logs: [ChainLog] = []
        for json in try await chain.logs(of: contracts, anyOf: topics, in: blocks) {
            let log = try ChainLog(json: json)
            guard contracts.contains(log.contract), blocks.contains(log.height),
                log.index < LogFeed.mostLogsInABlock, log.topics.first.map(topics.contains) ?? false
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

    /// Whether a block is still in the chain.
    func has(_ hash: Hash32, at height: UInt64) async throws(EndpointFault) -> Bool {
        let json = try await block(height)
        return json.members != nil ? try Self.hash(of: json) == hash : false
    }

    private func block(_ height: UInt64) async throws(EndpointFault) -> JSON {
        try await chain.agreed([.block(height)])[0].get()
    }

    private static func hash(of block: JSON) throws(EndpointFault) -> Hash32 {
        guard let hash = block["hash"]?.stringValue.flatMap(Hash32.init(hex:)) else {
            throw .malformed("a block has no hash")
        }
        return hash
    }
}
