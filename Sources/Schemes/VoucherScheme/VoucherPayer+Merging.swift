// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension VoucherPayer {
    /// These books and another copy of them as one, with nothing of either lost.
    ///
    /// The copy that knows more wins: the one that signed more, then the one that was charged more, then the one that
    /// read a later block. What the other one alone is in doubt of stays in doubt. Copies that differ make books that
    /// may be incomplete, see ``isRebuilt``.
    ///
    /// - Parameter other: Of the same channel; any other changes nothing.
    public func merged(with other: VoucherPayer) -> VoucherPayer {
        guard other.id == id, other.terms == terms, other != self else { return self }
        let (mine, theirs) = (settledDown, other.settledDown)
        let isMine = (mine.authorised, mine.charged, mine.height) >= (theirs.authorised, theirs.charged, theirs.height)
        var merged = isMine ? mine : theirs
        let rest = isMine ? theirs : mine
        // A payment in doubt starts from what was charged when it was signed; below that it is decided.
        for doubt in rest.doubts where doubt.ceiling > merged.charged || doubt.manner != .exact {
            let isAhead = doubt.manner != .exact
            let known = merged.doubts.count { ($0.manner != .exact) == isAhead }
            if known < (isAhead ? Self.maximumAhead : Self.maximumDoubts) { merged.doubt(doubt) }
        }
        // Where the winner holds more, the deposit that the other one waits for is locked already.
        if rest.balance >= merged.balance { merged.outstanding = merged.outstanding ?? rest.outstanding }
        merged.isRefundInDoubt = merged.isRefundInDoubt || rest.isRefundInDoubt
        merged.misconduct = merged.misconduct ?? rest.misconduct
        if rest.height > merged.height {
            merged.height = rest.height
            merged.withdrawal = rest.withdrawal
            merged.claimed = rest.claimed
        }
        merged.isRebuilt = true
        return merged
    }

    /// The books as they are when they come back from a copy: what was under way then is in doubt now, and the channel
    /// may have been used since.
    public var restored: VoucherPayer {
        var books = settledDown
        books.isRebuilt = true
        return books
    }

    private var settledDown: VoucherPayer {
        var books = self
        switch phase {
        case .idle: break
        case .awaiting(let payment): books.doubt(payment)
        case .ahead(let payments): for payment in payments { books.doubt(payment) }
        case .refunding: books.isRefundInDoubt = true
        }
        books.phase = .idle
        return books
    }
}
