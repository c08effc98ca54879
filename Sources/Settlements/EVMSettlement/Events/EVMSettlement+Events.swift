// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingContracts
internal import FarthingPrimitives

extension EVMSettlement {
    /// What happened, as far as it is deep enough in the chain; what ends a channel as soon as it is in a block, too.
    ///
    /// After a reorganisation some of it may be told again, under other numbers; numbers rise, with gaps. What belongs
    /// together is not parted, so there may be some more than the limit.
    public func events(after sequence: UInt64, limit: Int) async throws(SettlementError) -> [SettlementEvent] {
        try await reader.explained { () async throws(EndpointFault) in
            var position = sequence
            while true {
                let entries = try await feeds.entries(after: position, limit: max(limit, 1))
                guard let last = entries.last else { return [] }
                var events: [SettlementEvent] = []
                let ofContracts = entries.filter { !$0.isEarly }.map(\.log).filter {
                    $0.contract != domain.contract && $0.isOfContract
                }
                let receipts = try await receipts(of: ofContracts)
                for entry in entries {
                    let kinds = try await kinds(of: entry, receipts)
                    for (offset, kind) in kinds.enumerated() {
                        events.append(
                            SettlementEvent(
                                sequence: entry.sequence + UInt64(offset),
                                block: Block(height: entry.log.height, time: entry.time),
                                transaction: entry.log.transaction, kind: kind))
                    }
                    guard events.count < limit else { break }
                }
                guard events.isEmpty else { return events }
                // Nobody knows what these mean; what comes after them must be told all the same.
                position = last.sequence
            }
        }
    }

    private func kinds(
        of entry: LogFeed.Entry, _ receipts: [TransactionID: MinedTransaction]
    ) async throws(EndpointFault) -> [SettlementEvent.Kind] {
        guard entry.log.contract != domain.contract else {
            return [SettlementEvent.Kind(log: entry.log, in: domain)].compactMap(\.self)
        }
        if entry.isEarly, entry.log.isOfContract {
            // Its transaction may leave the chain yet, so nothing is asked for that would be missed then.
            return [.advanced(ChannelID(entry.log.topics[1]), to: "closing")]
        }
        guard entry.log.isOfContract,
            let kind = contracts.contracts.first(where: { $0.value == entry.log.contract })?.key,
            let form = ChainForms.of(kind), let contract = contractDomain(of: kind)
        else { return [] }
        return try await contractKinds(of: entry, form, in: contract, receipts[entry.log.transaction])
    }
}
