// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// Looks for single logs, and remembers those of channels that no reorganisation will take away.
///
/// A contract keeps sums and no lists: who has a seat, or a ticket, only its logs tell.
actor ContractLogs {
    private struct Key: Hashable {
        let contract: Address
        let channel: ChannelID
        let topic: Hash32
    }

    private let chain: ChainClient
    private let firstBlock: UInt64
    private let longestStep: UInt64
    private var known: [Key: [ChainLog]] = [:]

    /// So many blocks at the chain's end may be replaced.
    private static let shallow: UInt64 = 64
    private static let mostKnown = 4096

    init(chain: ChainClient, firstBlock: UInt64, step: UInt64) {
        self.chain = chain
        self.firstBlock = firstBlock
        longestStep = max(step, 1)
    }

    /// The newest logs that a search from the end finds, oldest first; there may be older ones.
    nonisolated func newest(
        _ topics: [Hash32?], at contract: Address, through head: UInt64
    ) async throws(EndpointFault) -> [ChainLog] {
        try await search(topics, at: contract, in: firstBlock, head, until: 1)
    }

    /// All logs of a channel, of which there are so many.
    func all(
        _ count: Int, of topic: Hash32, _ channel: ChannelID, at contract: Address, through head: UInt64
    ) async throws(EndpointFault) -> [ChainLog] {
        guard count > 0 else { return [] }
        let key = Key(contract: contract, channel: channel, topic: topic)
        let deep = known[key] ?? []
        let fresh = deep.last.map { $0.height + 1 } ?? firstBlock
        var found = try await search([topic, channel.hash], at: contract, in: fresh, head, until: count - deep.count)
        found = deep + found
        guard found.count >= count else { throw .malformed("\(count) logs of a channel are \(found.count)") }
        // An older view is asked for than some that is known.
        let seen = Array(found.filter { $0.height <= head }.prefix(count))
        if known.count >= Self.mostKnown { known = [:] }
        let settled = head.lowered(by: Self.shallow)
        known[key] = found.filter { $0.height <= settled }
        return seen
    }

    /// Goes backwards until enough logs were found.
    private nonisolated func search(
        _ topics: [Hash32?], at contract: Address, in first: UInt64, _ head: UInt64, until count: Int
    ) async throws(EndpointFault) -> [ChainLog] {
        guard count > 0, first <= head else { return [] }
        var found: [ChainLog] = []
        var step = longestStep
        var end = head
        while true {
            let start = max(first, end < step ? 0 : end - (step - 1))
            do throws(EndpointFault) {
                found = try await read(topics, at: contract, in: start...end) + found
            } catch {
                guard start < end, error.isAboutLength else { throw error }
                step = (end - start + 1) / 2
                continue
            }
            guard found.count < count, start > first, start > 0 else { return found }
            end = start - 1
        }
    }

    /// Goes forward through all blocks.
    nonisolated func logs(
        _ topics: [Hash32?], at contract: Address, since first: UInt64, through head: UInt64, most: Int
    ) async throws(EndpointFault) -> [ChainLog] {
        var found: [ChainLog] = []
        var step = longestStep
        var next = max(first, firstBlock)
        while next <= head {
            let (sum, overflow) = next.addingReportingOverflow(step - 1)
            let end = overflow ? head : min(head, sum)
            do throws(EndpointFault) {
                found += try await read(topics, at: contract, in: next...end)
            } catch {
                guard end > next, error.isAboutLength else { throw error }
                step = (end - next + 1) / 2
                continue
            }
            guard found.count <= most else { throw .malformed("there are more than \(most) logs") }
            guard end < head else { break }
            next = end + 1
        }
        return found
    }

    private nonisolated func read(
        _ topics: [Hash32?], at contract: Address, in blocks: ClosedRange<UInt64>
    ) async throws(EndpointFault) -> [ChainLog] {
        var logs: [ChainLog] = []
        for json in try await chain.logs(.logs(of: [contract], topics: topics, in: blocks), in: blocks) {
            let log = try ChainLog(json: json)
            guard log.contract == contract, blocks.contains(log.height), log.topics.count >= topics.count,
                zip(log.topics, topics).allSatisfy({ $1 == nil || $0 == $1 })
            else { throw .malformed("a log was not asked for") }
            logs.append(log)
        }
        return logs.sorted { ($0.height, $0.index) < ($1.height, $1.index) }
    }
}
