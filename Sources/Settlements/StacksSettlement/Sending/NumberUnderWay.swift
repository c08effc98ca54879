// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingPrimitives
internal import FarthingStacks

/// A number of an account under which a transaction was sent, and what became of it so far.
struct NumberUnderWay: Sendable {
    /// What was sent, with the highest fee so far.
    private(set) var latest: StacksTransaction
    /// What was sent under all fees, the first first: each may be the one that gets into a block.
    private(set) var ids: [Hash32]
    /// What takes the number because the transaction cannot come any more.
    var filler: StacksTransaction?
    /// How many wait for it.
    var watchers = 0
    private let sentAt = ContinuousClock.now
    /// When a node last took it in; `nil` when that is not sure.
    private var takenInAt: ContinuousClock.Instant?
    /// Since when nothing of the account comes before it.
    private var isNextSince: ContinuousClock.Instant?

    init(_ transaction: StacksTransaction, isTakenIn: Bool) {
        latest = transaction
        ids = [transaction.id]
        takenInAt = isTakenIn ? .now : nil
    }

    /// What a node should have.
    var current: StacksTransaction { filler ?? latest }

    /// Whether a node is known to have taken it in.
    var isTakenIn: Bool { takenInAt != nil }

    /// Who has signed what is sponsored here, and with which number.
    var origin: StacksTransaction.SpendingCondition? {
        filler == nil && latest.sponsor != nil ? latest.authorization.origin : nil
    }

    /// Whether it is what its origin has signed here, for whatever fee.
    func carries(_ transaction: StacksTransaction) -> Bool {
        origin != nil && latest.originHash == transaction.originHash
    }

    /// Whether a node is to be asked again to take it in.
    func isDue(after pause: Duration) -> Bool {
        guard watchers == 0, let takenInAt else { return true }
        return ContinuousClock.now - takenInAt >= pause
    }

    /// Whether it was sent so long ago.
    func isOlder(than age: Duration) -> Bool { ContinuousClock.now - sentAt >= age }

    /// Whether it was so long the account's next.
    mutating func wasNext(for time: Duration) -> Bool {
        guard let isNextSince else {
            isNextSince = .now
            return false
        }
        return ContinuousClock.now - isNextSince >= time
    }

    /// A node was asked to take in what is current.
    mutating func handedOver(isTakenIn: Bool) { takenInAt = isTakenIn ? .now : nil }

    /// Pays more from now on.
    mutating func replace(by raised: StacksTransaction) {
        if filler != nil {
            filler = raised
        } else {
            latest = raised
            if !ids.contains(raised.id) { ids.append(raised.id) }
        }
        isNextSince = .now
    }
}
