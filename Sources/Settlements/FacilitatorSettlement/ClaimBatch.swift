// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// A batch of claims while it is being sent, in one piece or in several.
struct ClaimBatch {
    let rows: [ClaimRow]
    let channels: [ChannelID]
    /// What was claimed of each channel before.
    var before: [Amount]
    var transaction: TransactionID?
    private var outcomes: [ClaimReceipt.Outcome?]

    init(rows: [ClaimRow], channels: [ChannelID]) {
        self.rows = rows
        self.channels = channels
        before = Array(repeating: .zero, count: rows.count)
        outcomes = Array(repeating: nil, count: rows.count)
    }

    /// Those that nothing was said of yet.
    var open: [Int] { rows.indices.filter { outcomes[$0] == nil } }

    mutating func passOverBooked() {
        for index in open where rows[index].total <= before[index] { outcomes[index] = .alreadyClaimed }
    }

    mutating func booked(_ index: Int) {
        let gain = rows[index].total.clampedSubtracting(before[index])
        outcomes[index] = gain.isZero ? .alreadyClaimed : .claimed(gain)
        // A later row of the same channel adds to this one.
        for other in rows.indices where channels[other] == channels[index] {
            before[other] = max(before[other], rows[index].total)
        }
    }

    mutating func alreadyBooked(_ index: Int) { outcomes[index] = .alreadyClaimed }

    mutating func refuse(_ indices: [Int], _ error: SettlementError) {
        for index in indices { outcomes[index] = .refused(error) }
    }

    /// What kept the whole batch from being booked, if it is trouble that may pass.
    var commonTrouble: SettlementError? {
        var trouble: SettlementError?
        for case .some(let outcome) in outcomes {
            guard case .refused(let error) = outcome, case .unavailable = error else { return nil }
            trouble = error
        }
        return trouble
    }

    var receipt: ClaimReceipt {
        ClaimReceipt(
            transaction: transaction,
            outcomes: outcomes.map { $0 ?? .refused(.unavailable(reason: "the batch was never sent")) })
    }
}
