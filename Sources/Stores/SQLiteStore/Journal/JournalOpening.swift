// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation
import Synchronization

/// Opens a journal for writing: reads what a crash left, and starts the writer.
struct JournalOpening {
    let path: String
    let base: SQLiteStore
    let folder: any JournalFolder
    let options: JournalStore.Options
    let probe: StoreProbe?

    func start() throws(StoreError) -> JournalStore.Side {
        var (marks, lastEffect) = try base.readNow { (try JournalMarks.read($0), try OutboxTable.lastName(in: $0)) }
        let segments = try folder.segments()
        if marks == nil {
            guard segments.isEmpty else {
                throw .damaged(path: path, reason: "a journal lies beside it that it knows nothing of")
            }
            marks = try base.writeNow { try JournalMarks.make($0) }
        }
        guard let marks else { throw .damaged(path: path, reason: "its journal has no identity") }
        try clear(segments, foldedThrough: marks.foldedThrough)

        var overlay = Overlay(foldedThrough: marks.foldedThrough, isFoldedElsewhere: false)
        let end = try JournalReplay(folder: folder, identity: marks.identity).readAll(into: &overlay)
        // What a killed process wrote and did not sync is only in the system's memory yet.
        for file in overlay.files.values { try file.sync() }
        if !overlay.files.isEmpty { try folder.sync() }
        lastEffect = max(lastEffect, overlay.lastEffect)
        overlay.lastEffect = lastEffect

        let core = JournalCore(
            path: path, base: base, folder: folder, identity: marks.identity, options: options, probe: probe,
            overlay: overlay, unfolded: end.length)
        return .writer(core, thread: try run(core, from: end))
    }

    /// Removes segments whose removal did not reach the disk.
    private func clear(_ segments: [UInt32], foldedThrough floor: UInt32) throws(StoreError) {
        let old = segments.filter { $0 <= floor }.sorted()
        for number in old { try folder.remove(number) }
        if !old.isEmpty { try folder.sync() }
    }

    private func run(_ core: JournalCore, from end: JournalReplay.End) throws(StoreError) -> pthread_t {
        let started = DispatchSemaphore(value: 0)
        let identity = Mutex<pthread_t?>(nil)
        let thread = Thread {
            identity.withLock { $0 = pthread_self() }
            started.signal()
            JournalWriter(core: core, lastSegment: end.lastSegment, nextSequence: end.nextSequence).run()
            core.end()
        }
        thread.name = "farthing.journal"
        thread.start()
        started.wait()
        guard let identity = identity.withLock({ $0 }) else { throw .unavailable(reason: "no thread could be started") }
        return identity
    }
}
