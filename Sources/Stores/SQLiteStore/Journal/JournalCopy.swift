// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import Foundation
import GRDB

/// Copies a store with its journal while a node writes to both.
///
/// A fold writes states before the effects that came with them, and may take states that are younger than the segments
/// it folds. So what the file holds in one moment is whole only with every segment that it does not call folded, as far
/// as it was written in that moment. The file is held still first; then the segments are opened, after which their
/// bytes stay readable though a fold removes them; and when no fold has ended until then, none is missing.
struct JournalCopy {
    let base: SQLiteStore
    let folder: any JournalFolder
    let target: StoreFile

    private static let attempts = 1000
    private static let pagesInStep: CInt = 1000

    /// - Parameter progress: Told how many of how many pages of the file were copied.
    /// - Throws: `StoreError`; what was copied until then is left behind.
    func make(progress: @escaping @Sendable (Int, Int) -> Void) throws(StoreError) {
        let place = PosixJournalFolder(beside: target)
        guard try !target.isThere(), try place.segments().isEmpty else {
            throw .unavailable(reason: "\(target.path) is there already")
        }
        let (snapshot, segments) = try holdStill()
        try target.createIfMissing()
        do {
            let file = try DatabaseQueue(path: target.resolved)
            try snapshot.backup(to: file, pagesPerStep: Self.pagesInStep) { step in
                progress(step.completedPageCount, step.totalPageCount)
            }
            try file.close()
        } catch {
            throw StoreError(error, path: target.path)
        }
        for (segment, next) in zip(segments, segments.dropFirst().map(Optional.some) + [nil]) {
            try copy(segment, before: next?.header.firstSequence, into: place)
        }
        try place.sync()
    }

    // MARK: - The moment

    private func holdStill() throws(StoreError) -> (DatabaseSnapshot, [SegmentReader]) {
        for _ in 0..<Self.attempts {
            let snapshot = try base.snapshot()
            let marks: JournalMarks?
            do { marks = try snapshot.read { try JournalMarks.read($0) } } catch {
                throw StoreError(error, path: base.path)
            }
            guard let marks else { return (snapshot, []) }
            guard let segments = try openSegments(marks),
                try base.readNow({ try JournalMarks.foldedThrough($0) }) == marks.foldedThrough
            else { continue }
            return (snapshot, segments)
        }
        throw .unavailable(reason: "its journal was folded each time that it was to be copied")
    }

    /// The segments that are not folded, oldest first, or `nil` when one has vanished meanwhile.
    private func openSegments(_ marks: JournalMarks) throws(StoreError) -> [SegmentReader]? {
        let numbers = try folder.segments().filter { $0 > marks.foldedThrough }.sorted()
        var segments: [SegmentReader] = []
        for (position, number) in numbers.enumerated() {
            guard Int(number) == Int(marks.foldedThrough) + 1 + position, let file = try folder.open(number) else {
                return nil
            }
            switch try SegmentReader.open(
                file, number: number, identity: marks.identity, path: folder.path(of: number))
            {
            case .reader(let reader): segments.append(reader)
            // It is being made, and nothing is in it yet.
            case .unfinished: break
            }
        }
        return segments
    }

    // MARK: - Bytes

    /// Copies the batches of a segment that are whole, and not what is being written behind them.
    private func copy(
        _ segment: SegmentReader, before next: UInt64?, into place: PosixJournalFolder
    ) throws(StoreError) {
        segment.refresh()
        try segment.readBatches(before: next ?? .max) { (_, _) throws(StoreError) in }
        if let next, segment.nextSequence != next {
            throw segment.damage(
                "the batch that should begin here is unreadable, and others follow", at: segment.offset)
        }
        let copy = try place.make(segment.header.number)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: SegmentFormat.block)
        defer { piece.deallocate() }
        var done = 0
        while done < segment.offset {
            let wanted = min(piece.count, segment.offset - done)
            let count = try segment.file.read(into: UnsafeMutableRawBufferPointer(rebasing: piece[..<wanted]), at: done)
            guard count == wanted else { throw segment.damage("it became shorter", at: done + count) }
            try copy.write(UnsafeRawBufferPointer(rebasing: piece[..<wanted]), at: done)
            done += wanted
        }
        try copy.sync()
    }
}

extension JournalStore {
    /// Copies the store and its journal to a place where nothing lies, while others read and write.
    ///
    /// The copy holds everything that was committed before the call, and each state with the effects that came with it.
    ///
    /// - Parameters:
    ///   - path: Of the copy; its journal lies beside it.
    ///   - progress: Told how many of how many pages of the file were copied.
    /// - Throws: `StoreError.unavailable` when something is there already, `StoreError.full`, `StoreError.damaged`;
    ///   what was copied until then is left behind.
    public func copy(
        to path: String, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws(StoreError) {
        let copy = JournalCopy(base: base, folder: folder, target: try StoreFile(path: path, mode: .readWrite))
        let outcome: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            // It may take long, and holds its thread.
            DispatchQueue.global().async {
                do throws(StoreError) {
                    try copy.make(progress: progress)
                    continuation.resume(returning: .success(()))
                } catch { continuation.resume(returning: .failure(error)) }
            }
        }
        try outcome.get()
    }
}
