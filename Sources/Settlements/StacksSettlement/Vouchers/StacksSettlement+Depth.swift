// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import FarthingStacks
internal import Synchronization

// A deposit that another process has handed in, or that was waited for in vain, counts no sooner than any other.

extension StacksSettlement {
    /// How many deposits are remembered: a hundred bytes each.
    private static let mostFound = 4096

    /// Waits until a deposit whose number is used has as many blocks of Bitcoin behind it as was asked for.
    ///
    /// Which block it is in is not known, as its name hangs on the fee that was paid. So they are counted from when it
    /// was first found, also by an earlier call.
    ///
    /// - Throws: `SettlementError.unavailable` when the patience ends, or when a block was taken back: the same call
    ///   again goes on from there.
    func waitForDepth(of deposit: StacksTransaction) async throws(SettlementError) {
        guard options.burnBlocks > 0 else { return }
        let end = ContinuousClock.now + options.patience
        while true {
            // The height is asked for first, so that the deposit is found no later than at it.
            let height = try await asked { () async throws(StacksNodeFault) in try await client.info().burnHeight }
            guard try await !isOpen(deposit) else {
                found.withLock { $0[deposit.originHash] = nil }
                throw Self.unseen
            }
            if height - note(deposit, foundAt: height) >= options.burnBlocks { return }
            guard ContinuousClock.now < end else { throw StacksNodeFault.timeout.settlementError }
            do { try await Task.sleep(for: options.sending.pause) } catch { throw .cancelled }
        }
    }

    /// Takes in that a deposit is in the chain at a height of Bitcoin.
    ///
    /// - Returns: At which it was found first, or the given one where Bitcoin has gone back behind that.
    @discardableResult
    func note(_ deposit: StacksTransaction, foundAt height: UInt64) -> UInt64 {
        guard options.burnBlocks > 0 else { return height }
        return found.withLock { found in
            let first = min(found[deposit.originHash] ?? height, height)
            found[deposit.originHash] = first
            // Those that were found first are the least likely to be asked for again, and would only wait anew.
            if found.count > Self.mostFound, let oldest = found.min(by: { $0.value < $1.value }) {
                found[oldest.key] = nil
            }
            return first
        }
    }
}
