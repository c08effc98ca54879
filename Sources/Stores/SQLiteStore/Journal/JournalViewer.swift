// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// Follows a journal that another process may write.
///
/// The segments are read first and the file after them. So whatever has vanished from the journal in between is in
/// the file that is read.
final class JournalViewer: Sendable {
    struct State {
        var overlay: Overlay
        var readers: [UInt32: SegmentReader] = [:]
    }

    let state: Mutex<State>
    private let base: SQLiteStore
    private let folder: any JournalFolder

    init(base: SQLiteStore, folder: any JournalFolder) throws(StoreError) {
        self.base = base
        self.folder = folder
        state = Mutex(State(overlay: Overlay(foldedThrough: 0, isFoldedElsewhere: true)))
        try catchUp()
        try checkEnds()
    }

    /// Tells a damaged batch from the end of what was written.
    func checkEnds() throws(StoreError) {
        try state.withLock { (state: inout State) throws(StoreError) in
            for number in state.readers.keys.sorted() {
                guard let reader = state.readers[number] else { continue }
                let next = state.readers[number + 1]?.header.firstSequence
                while next.map({ reader.nextSequence < $0 }) ?? true {
                    reader.refresh()
                    let later = try reader.offsetOfLaterBatch()
                    if later == nil, next == nil { break }
                    // Unless it has become whole since it was looked at.
                    let before = reader.nextSequence
                    reader.refresh()
                    try JournalReplay.read(reader, before: next ?? .max, into: &state.overlay)
                    guard reader.nextSequence > before else {
                        throw reader.damage(
                            "the batch that should begin here is unreadable, and others follow", at: reader.offset)
                    }
                }
            }
        }
    }

    /// Reads what the journal has got since the last time.
    func catchUp() throws(StoreError) {
        while true {
            let numbers = try folder.segments().sorted()
            let marks = try base.readNow { try JournalMarks.read($0) }
            guard let marks else { return }
            let isDone = try state.withLock { (state: inout State) throws(StoreError) in
                try catchUp(with: numbers.filter { $0 > marks.foldedThrough }, marks, &state)
            }
            if isDone { return }
        }
    }

    /// - Returns: `false` when a segment is gone by now: it was folded, and the marks say so when they are read again.
    private func catchUp(
        with numbers: [UInt32], _ marks: JournalMarks, _ state: inout State
    ) throws(StoreError) -> Bool {
        if marks.foldedThrough > state.overlay.foldedThrough {
            _ = state.overlay.endFold(through: marks.foldedThrough)
            state.readers = state.readers.filter { $0.key > marks.foldedThrough }
        }
        for number in numbers where state.readers[number] == nil {
            guard let file = try folder.open(number) else { return false }
            let path = folder.path(of: number)
            // One that is being made has nothing to read yet, and is the last.
            guard
                case .reader(let reader) = try SegmentReader.open(
                    file, number: number, identity: marks.identity, path: path)
            else { continue }
            state.readers[number] = reader
            state.overlay.files[number] = file
        }
        for number in numbers {
            guard let reader = state.readers[number] else { continue }
            reader.refresh()
            let next = state.readers[number + 1]?.header.firstSequence
            try JournalReplay.read(reader, before: next ?? .max, into: &state.overlay)
        }
        return true
    }
}
