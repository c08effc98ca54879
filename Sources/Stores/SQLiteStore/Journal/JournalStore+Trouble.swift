// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import Synchronization

// Whether a store still does its work: reading alone does not tell.
extension JournalStore {
    /// Why nothing can be written; `nil` when the last write succeeded.
    ///
    /// Where it failed, another is tried, so that a node that is asked for nothing meanwhile finds out when the trouble
    /// is over. A failed write that could not be taken back is for good: then the node has to be started anew.
    public func writeFault() async -> StoreError? {
        guard case .writer(let core, _) = side else { return Self.onlyLooking }
        guard core.state.withLock({ $0.writeFault }) != nil else { return nil }
        do throws(StoreError) {
            try await setBookmark("store.trial", to: 0)
            return nil
        } catch { return error }
    }

    /// Why the journal could not be folded into the file the last time; `nil` when it could.
    ///
    /// Nothing is lost by that, but the journal grows until it can.
    public var foldFault: StoreError? {
        guard case .writer(let core, _) = side else { return nil }
        return core.state.withLock { $0.foldFault }
    }

    /// How much the journal holds that the file does not.
    ///
    /// - Unit: bytes.
    public var journalBytes: Int {
        switch side {
        case .writer(let core, _): core.state.withLock { $0.unfolded + $0.folding }
        case .viewer(let viewer): viewer.state.withLock { $0.readers.values.reduce(0) { $0 + $1.offset } }
        }
    }
}
