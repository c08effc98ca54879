// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives

extension Book {
    func claim(_ rows: [ClaimRow], authorization: Signature) throws -> ClaimReceipt {
        guard let authorizer = rows.first?.terms.receiverAuthorizer else { throw SettlementError.emptyBatch }
        guard rows.allSatisfy({ $0.terms.receiverAuthorizer == authorizer }) else {
            throw SettlementError.mixedAuthorizers
        }
        let entries = rows.map { row in
            (channel: domain.channelID(of: row.terms), ceiling: row.ceiling, total: row.total)
        }
        let digest = domain.claimBatchDigest(entries)
        guard authorization.isBy(authorizer, over: digest) else { throw SettlementError.claimSignature }

        let posting = posting("claim", digest.bytes + authorization.bytes)
        var outcomes: [ClaimReceipt.Outcome] = []
        for (row, entry) in zip(rows, entries) {
            do {
                outcomes.append(try book(row, of: entry.channel, in: posting))
            } catch let refusal as SettlementError {
                outcomes.append(.refused(refusal))
            }
        }
        // A batch of which nothing was booked changes nothing, and makes no block.
        if outcomes.contains(where: \.isClaimed) { try seal(posting) }
        return ClaimReceipt(transaction: posting.transaction, outcomes: outcomes)
    }

    /// Books one row, after the rows before it are booked, also those of the same channel.
    private func book(
        _ row: ClaimRow, of id: ChannelID, in posting: Posting
    ) throws -> ClaimReceipt.Outcome {
        let terms = row.terms
        var channel = try channel(id) ?? Channel(id: id, terms: terms)
        // This comes first, and is what makes a batch safe to send twice.
        guard let gain = row.total.subtracting(channel.totalClaimed), !gain.isZero else { return .alreadyClaimed }
        guard row.total <= row.ceiling else {
            throw SettlementError.claimExceedsCeiling(total: row.total, ceiling: row.ceiling)
        }
        guard row.total <= channel.balance else {
            throw SettlementError.claimExceedsBalance(total: row.total, balance: channel.balance)
        }
        guard row.signature.isBy(terms.voucherSigner, over: domain.voucherDigest(channel: id, ceiling: row.ceiling))
        else { throw SettlementError.voucherSignature }
        var totals = try totals(of: terms.receiver, token: terms.token)
        guard let claimed = totals.claimed.adding(gain) else { throw SettlementError.overflow }

        channel.totalClaimed = row.total
        totals.claimed = claimed
        try save(channel)
        try setTotals(totals, of: terms.receiver, token: terms.token)
        try append(.claimed(id, amount: gain, newTotal: row.total), to: posting)
        return .claimed(gain)
    }

    func settle(receiver: Address, token: Address) throws -> PayoutReceipt {
        var totals = try totals(of: receiver, token: token)
        let due = totals.due
        guard !due.isZero else { return PayoutReceipt(transaction: nil, amount: .zero) }
        let posting = posting("settle", receiver.bytes + token.bytes)
        try seal(posting)
        totals.settled = totals.claimed
        try setTotals(totals, of: receiver, token: token)
        try move(due, of: token, from: domain.contract, to: receiver)
        try append(.settled(receiver: receiver, token: token, amount: due), to: posting)
        return PayoutReceipt(transaction: posting.transaction, amount: due)
    }
}

extension ClaimReceipt.Outcome {
    fileprivate var isClaimed: Bool {
        switch self {
        case .claimed: true
        case .alreadyClaimed, .refused: false
        }
    }
}
