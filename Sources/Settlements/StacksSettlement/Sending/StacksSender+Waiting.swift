// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingPrimitives
public import FarthingStacks

extension StacksSender {
    /// Sends a transaction as soon as the node takes one more of the account.
    ///
    /// - Throws: ``Fault``; what the node has against one more when the patience ends.
    func sendInTurn(
        _ payload: StacksTransaction.Payload, postConditions: [StacksTransaction.PostCondition], patience: Duration
    ) async throws(Fault) -> StacksTransaction {
        let end = ContinuousClock.now + patience
        while true {
            do throws(Fault) { return try await send(payload, postConditions: postConditions) } catch {
                guard case .node(.refused(let refusal)) = error, refusal.reason == BroadcastRefusal.tooMany,
                    ContinuousClock.now < end
                else { throw error }
            }
            do { try await Task.sleep(for: policy.pause) } catch { throw .node(.cancelled) }
        }
    }

    /// Waits until a transaction is in a block with so many blocks of Bitcoin behind it.
    ///
    /// A transaction that gets lost, or whose block is taken back, is handed to the node again; the same transaction for
    /// a higher fee counts for it. A node that does not answer is asked until the patience ends.
    ///
    /// - Parameters:
    ///   - burnBlocks: 0 is content with any block.
    ///   - patience: After it the wait ends with a time-out; `nil` waits for ever.
    /// - Returns: The block, and what the transaction answered.
    /// - Throws: ``Fault/replaced`` when another transaction has its number; ``Fault/node(_:)``.
    public func confirm(
        _ transaction: StacksTransaction, burnBlocks: UInt64, patience: Duration? = nil
    ) async throws(Fault) -> StacksClient.Mined {
        try await settled(transaction, burnBlocks: burnBlocks, patience: patience).mined
    }

    /// The same, with the name under which the transaction got into its block.
    func settled(
        _ transaction: StacksTransaction, burnBlocks: UInt64, patience: Duration?
    ) async throws(Fault) -> (id: Hash32, mined: StacksClient.Mined) {
        let number = transaction.payer.nonce
        let isWatched = watch(transaction)
        var isOver = false
        defer { if isWatched { unwatch(number, forgets: isOver) } }
        let end = patience.map { ContinuousClock.now + $0 }
        var seen: (mined: StacksClient.Mined, burnHeight: UInt64)?
        var misses = 0
        while true {
            do throws(StacksNodeFault) {
                let height = try await client.info().burnHeight
                let used = try await client.account(.standard(account)).nonce
                let ids = isWatched ? underWay[number]?.ids ?? [] : [transaction.id]
                if let (id, mined) = try await first(of: ids) {
                    misses = 0
                    if seen?.mined != mined || height < seen?.burnHeight ?? 0 { seen = (mined, height) }
                    if let seen, height - seen.burnHeight >= burnBlocks {
                        isOver = true
                        return (id, mined)
                    }
                } else {
                    seen = nil
                    misses = used > number || !isWatched ? misses + 1 : 0
                }
            } catch {
                guard error.mayPass else { throw .node(error) }
            }
            // Once could be a node that knows the account's number before it finds the transaction.
            if misses > 1 { throw .replaced }
            if seen == nil { await tendNowAndThen() }
            if let end, ContinuousClock.now > end { throw .node(.timeout) }
            do { try await Task.sleep(for: policy.pause) } catch { throw .node(.cancelled) }
        }
    }

    private func first(
        of ids: [Hash32]
    ) async throws(StacksNodeFault) -> (id: Hash32, mined: StacksClient.Mined)? {
        for id in ids.reversed() {
            if let mined = try await client.transaction(id) { return (id, mined) }
        }
        return nil
    }

    /// Sees to it that the transaction is looked after as long as it is waited for, whoever sent it.
    ///
    /// - Returns: `false` when another has its number.
    private func watch(_ transaction: StacksTransaction) -> Bool {
        guard transaction.payer.signer == account else { return false }
        var entry = underWay[transaction.payer.nonce] ?? NumberUnderWay(transaction, isTakenIn: false)
        guard entry.ids.contains(transaction.id) else { return false }
        entry.watchers += 1
        underWay[transaction.payer.nonce] = entry
        return true
    }

    private func unwatch(_ number: UInt64, forgets: Bool) {
        guard let entry = underWay[number] else { return }
        underWay[number]?.watchers = entry.watchers - 1
        if forgets, entry.watchers == 1 { underWay[number] = nil }
    }
}
