// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingEncodings
public import FarthingPrimitives

extension ChainReader {
    /// The terms of all channels that a payer ever put money in, oldest first.
    ///
    /// The contract has no list of them, so its logs are read, so many blocks at a time. Where the endpoint finds a
    /// range too long, half of it is asked for, and after some answers twice as much again.
    public func channels(
        openedBy payer: Address, since block: UInt64, progress: @Sendable (_ height: UInt64, _ head: UInt64) -> Void
    ) async throws(SettlementError) -> [ChannelTerms] {
        try await explained { () async throws(EndpointFault) in
            let head = try await newestBlock().height
            var found: [ChannelTerms] = []
            var known: Set<ChannelID> = []
            var step = limits.blocksPerStep
            var answered = 0
            var next = block
            while next <= head {
                let last = min(head, next.addingReportingOverflow(step - 1).overflow ? head : next + (step - 1))
                let logs: [ChannelCreated]
                do throws(EndpointFault) {
                    logs = try await channelsCreated(in: next...last)
                } catch {
                    guard last > next, error.isAboutLength else { throw error }
                    step = (last - next + 1) / 2
                    answered = 0
                    continue
                }
                answered += 1
                if answered == Self.answersBeforeMore {
                    step = min(step.multipliedReportingOverflow(by: 2).partialValue, limits.blocksPerStep)
                    answered = 0
                }
                for log in logs where log.terms.payer == payer && known.insert(log.channel).inserted {
                    guard found.count < limits.maximumChannels else {
                        throw .malformed("it has more than \(limits.maximumChannels) channels of \(payer)")
                    }
                    found.append(log.terms)
                }
                progress(last, head)
                guard last < head else { break }
                next = last + 1
            }
            return found
        }
    }

    /// Not every refusal is about the range; one that was not must not make the rest of the search slow.
    private static let answersBeforeMore = 8

    private func channelsCreated(in blocks: ClosedRange<UInt64>) async throws(EndpointFault) -> [ChannelCreated] {
        let call = Endpoint.Call.logs(of: [domain.contract], topics: [ChannelCreated.topic], in: blocks)
        var read: [ChannelCreated] = []
        for log in try await chain.logs(call, in: blocks, isAgreed: false) {
            read.append(try ChannelCreated(log: log, in: domain, blocks: blocks))
        }
        return read.sorted { ($0.block, $0.index) < ($1.block, $1.index) }
    }
}
