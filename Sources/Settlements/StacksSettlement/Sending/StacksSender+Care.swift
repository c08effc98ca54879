// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingStacks

// Looks after what is under way, so that no number stays unused: all that comes behind it would wait for ever.

extension StacksSender {
    /// The most numbers of an account that a node takes beyond those that are used.
    ///
    /// - Source: stacks-core, `MAXIMUM_MEMPOOL_TX_CHAINING`.
    private static let mostAhead: UInt64 = 25
    /// How many of these numbers may be under way when one more transaction is sponsored: the others are kept for what
    /// is the account's own, since a payee that cannot claim loses what it has earned.
    static let mostForSponsored: UInt64 = 16

    /// Asks how many transactions of the account are in blocks, and forgets those that nobody waits for.
    func refresh() async throws(Fault) {
        do throws(StacksNodeFault) { used = try await client.account(.standard(account)).nonce } catch {
            throw .node(error)
        }
        let used = used
        underWay = underWay.filter { $0.key >= used || $0.value.watchers > 0 }
        taken = taken.filter { $0.key >= used && ContinuousClock.now - $0.value < policy.raiseAfter }
    }

    /// Looks after all that is under way, the lowest number first; whoever calls has entered.
    ///
    /// - Throws: ``Fault`` when the node does not say how many transactions are in blocks. What fails behind that is
    ///   tried again the next time.
    func tend() async throws(Fault) {
        tendedAt = .now
        try await refresh()
        for number in underWay.keys.sorted() where number >= used {
            do throws(Fault) { try await tend(number) } catch {
                // A node that does not answer is not asked about all the others.
                if case .node(let fault) = error, fault.isUncertain { return }
            }
        }
        await fillGaps()
    }

    /// Whether it is a while ago that all was looked after.
    var isCareDue: Bool { tendedAt.map { ContinuousClock.now - $0 >= policy.pause } ?? true }

    /// The same, unless it was done a moment ago.
    func tendNowAndThen() async {
        guard isCareDue else { return }
        await enter()
        defer { leave() }
        try? await tend()
    }

    private func tend(_ number: UInt64) async throws(Fault) {
        guard let entry = underWay[number] else { return }
        if let origin = entry.origin {
            let came: UInt64
            do throws(StacksNodeFault) { came = try await client.account(.standard(origin.signer)).nonce } catch {
                throw .node(error)
            }
            // Its origin has used its number for another, or does not send what comes before.
            let isLost = came > origin.nonce || (came < origin.nonce && entry.isOlder(than: policy.raiseAfter))
            if isLost { return try await fill(number) }
        }
        // In place, as others may have begun or ended to wait for it meanwhile.
        let waitsForFee = number == used && underWay[number]?.wasNext(for: policy.raiseAfter) == true
        let fee = raised(entry.current.fee)
        let isRaised = waitsForFee && fee > entry.current.fee
        do throws(Fault) {
            // What is sponsored is handed in as it was before it pays more: whether its origin has evicted it must show.
            if isRaised ? entry.origin != nil : entry.isDue(after: policy.raiseAfter / 10) {
                try await handOver(number)
            }
            if isRaised { try await raise(number, to: fee) }
        } catch {
            guard case .node(.refused(let refusal)) = error else { throw error }
            if refusal.reason == BroadcastRefusal.conflict, entry.origin != nil {
                // Another of its origin's number is in its place, which may never come into a block. To pay more than
                // that one would help until it is evicted again, and all later numbers would wait meanwhile.
                try await fill(number)
            } else if isRaised, refusal.reason != BroadcastRefusal.conflict {
                // More may be too much for the account; as it was it can still be taken in.
                try await handOver(number)
            } else {
                throw error
            }
        }
    }

    private func raise(_ number: UInt64, to fee: UInt64) async throws(Fault) {
        guard var transaction = underWay[number]?.current else { return }
        transaction.payer.fee = fee
        try await sign(&transaction)
        do throws(StacksNodeFault) { try await handOver(transaction) } catch {
            guard error.isUncertain else { throw .node(error) }
            underWay[number]?.replace(by: transaction)
            underWay[number]?.handedOver(isTakenIn: false)
            throw .node(error)
        }
        underWay[number]?.replace(by: transaction)
        underWay[number]?.handedOver(isTakenIn: true)
    }

    private func handOver(_ number: UInt64) async throws(Fault) {
        guard let transaction = underWay[number]?.current else { return }
        do throws(StacksNodeFault) { try await handOver(transaction) } catch {
            if error.isUncertain { underWay[number]?.handedOver(isTakenIn: false) }
            throw .node(error)
        }
        underWay[number]?.handedOver(isTakenIn: true)
    }

    /// Uses up the number of a transaction that cannot come any more.
    private func fill(_ number: UInt64) async throws(Fault) {
        guard let lost = underWay[number]?.current else { return }
        let filler = try await filler(nonce: number, above: lost.fee)
        do throws(StacksNodeFault) { try await handOver(filler) } catch {
            if error.isUncertain {
                underWay[number]?.filler = filler
                underWay[number]?.handedOver(isTakenIn: false)
            }
            throw .node(error)
        }
        underWay[number]?.filler = filler
    }

    /// Uses up numbers that others wait for and that have nothing: what was in them was in a block that was taken back,
    /// or was another program's and never came.
    private func fillGaps() async {
        guard let last = underWay.keys.max(), last > used else { return }
        for number in used..<min(last, used + Self.mostAhead) where underWay[number] == nil && taken[number] == nil {
            guard let filler = try? await filler(nonce: number, above: 0) else { return }
            do throws(StacksNodeFault) {
                try await handOver(filler)
                underWay[number] = NumberUnderWay(filler, isTakenIn: true)
            } catch {
                if case .refused(let refusal) = error, refusal.reason == BroadcastRefusal.conflict {
                    taken[number] = .now
                } else if error.isUncertain {
                    underWay[number] = NumberUnderWay(filler, isTakenIn: false)
                    return
                }
            }
        }
    }
}
