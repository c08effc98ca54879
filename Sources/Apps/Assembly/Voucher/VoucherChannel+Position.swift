// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingNode
import FarthingPrimitives
public import FarthingVoucherScheme
import FarthingX402

extension VoucherChannel {
    /// What an index of unclaimed sums has to know.
    public var position: UnclaimedPosition {
        UnclaimedPosition(
            terms: ClaimTerms(
                receiver: terms.receiver, receiverAuthorizer: terms.receiverAuthorizer, token: terms.token,
                withdrawDelay: terms.withdrawDelay), unclaimed: unclaimed, captured: ledger.totalClaimed,
            isWithdrawing: ledger.withdrawal != nil, paidAt: lastPaidAt ?? ledger.block.time)
    }

    /// The same for a channel that was just read from the store: nobody knows when its unclaimed charges began.
    var storedPosition: UnclaimedPosition {
        var position = position
        position.paidAt = min(position.paidAt, ledger.block.time)
        return position
    }

    /// How much more a request may leave unclaimed than before it.
    ///
    /// That is its price, and more when a deposit comes with it that covers again what was earned and had been lost.
    func exposure(of price: Amount) -> Amount {
        price.adding(earned.clampedSubtracting(ledger.balance)) ?? .max
    }
}

extension UnclaimedIndex {
    /// Takes in that a channel was committed, and which of its requests ended with that.
    public func follow(_ id: ChannelID, from before: VoucherChannel?, to after: VoucherChannel) {
        guard let before else { return update(id, from: nil, to: after.position) }
        // A payment on a quiet channel, as most are.
        if case .idle = before.phase, before.ledger == after.ledger, !after.unclaimed.isZero,
            raise(id, of: after.terms.token, to: after.unclaimed)
        {
            return
        }
        update(
            id, from: before.position, to: after.position,
            ended: after.requestsEnded(since: before).lazy.map(\.number))
    }

    /// Takes in all that a store holds, and brings it into memory; to be done once, before anything is committed.
    ///
    /// - Returns: The height of the newest block in which a channel was read; zero where there is none.
    @discardableResult
    func fill(from engine: ChannelEngine<VoucherChannel>) async throws -> UInt64 {
        var height: UInt64 = 0
        try await engine.loadAll { id, state in
            update(id, from: nil, to: state.storedPosition)
            height = max(height, state.ledger.block.height)
        }
        return height
    }
}

extension SettlementError {
    /// Whether it says something about what was asked, rather than about the way there.
    var isVerdict: Bool {
        switch self {
        case .unavailable, .cancelled: false
        default: true
        }
    }

    /// Whether it says that a row of a claim is bad, rather than that the facilitator has settled enough for today.
    var condemnsRow: Bool {
        if case .refused(FacilitatorRefusal.rateLimited.rawValue, _) = self { false } else { isVerdict }
    }
}

extension VoucherChannel {
    /// Whether a deposit is under way, of which it is not known what became.
    var isDepositing: Bool { if case .depositing = phase { true } else { false } }
}
