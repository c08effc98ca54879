// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingPrimitives

extension EVMSettlement {
    /// What happened, as far as it is deep enough in the chain.
    ///
    /// After a reorganisation some of it may be told again, under other numbers; numbers rise, with gaps.
    public func events(after sequence: UInt64, limit: Int) async throws(SettlementError) -> [SettlementEvent] {
        let entries = try await reader.explained { () async throws(EndpointFault) in
            try await feed.entries(after: sequence, limit: limit, of: [domain.contract])
        }
        return entries.compactMap { entry in
            SettlementEvent.Kind(log: entry.log, in: domain).map { kind in
                SettlementEvent(
                    sequence: entry.sequence, block: Block(height: entry.log.height, time: entry.time),
                    transaction: entry.log.transaction, kind: kind)
            }
        }
    }
}
