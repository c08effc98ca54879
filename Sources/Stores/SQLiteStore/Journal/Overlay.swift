// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// What the journal holds that the store's file does not hold yet, as far as it must be known to read and to commit.
///
/// Everything here has reached the disk, save the versions of commits that are on their way there. States are not
/// kept: the index knows where they lie. What lies in a segment up to ``foldedThrough`` counts as folded, whether or
/// not it was forgotten here yet.
struct Overlay {
    struct Added {
        let effect: PendingEffect
        let segment: UInt32
    }
    struct Bookmark {
        let position: UInt64
        let segment: UInt32
    }

    let index = ChannelIndex()
    /// Segments that can still be read.
    var files: [UInt32: any JournalFile] = [:]
    var foldedThrough: UInt32
    /// As ``foldedThrough``, or the segment through which a fold is under way.
    private(set) var foldingThrough: UInt32
    /// The highest name that an effect ever had.
    var lastEffect: Int64 = 0

    /// Channels with a record younger than what is folded or being folded, each once or more often.
    private var touched: [ChannelIndex.Slot] = []
    /// Channels whose first version lies in the journal, with its segment.
    var created = CreatedChannels()
    /// In the order of their names.
    private(set) var added: [Added] = []
    /// Acknowledged effects that may lie in the file, with the segment that says so.
    private(set) var acknowledged: [Int64: UInt32] = [:]
    private(set) var bookmarks: [String: Bookmark] = [:]
    /// Whether somebody else folds, so that an effect may get into the file at any time.
    private let isFoldedElsewhere: Bool

    init(foldedThrough: UInt32, isFoldedElsewhere: Bool) {
        self.foldedThrough = foldedThrough
        foldingThrough = foldedThrough
        self.isFoldedElsewhere = isFoldedElsewhere
    }

    // MARK: - Taking in what reached the disk

    mutating func place(_ slot: ChannelIndex.Slot, isFirst: Bool, at place: JournalPlace) {
        if index[slot].place.segment <= foldingThrough { touched.append(slot) }
        if isFirst { created.add(slot, segment: place.segment) }
        index[slot].place = place
    }

    mutating func add(_ effect: PendingEffect, segment: UInt32) {
        added.append(Added(effect: effect, segment: segment))
        lastEffect = max(lastEffect, effect.id)
    }

    mutating func acknowledge(_ id: Int64, segment: UInt32) {
        if !isFoldedElsewhere, let position = position(of: id), added[position].segment > foldingThrough {
            added.remove(at: position)
        } else {
            acknowledged[id] = segment
        }
    }

    mutating func setBookmark(_ name: String, to position: UInt64, segment: UInt32) {
        bookmarks[name] = Bookmark(position: position, segment: segment)
    }

    private func position(of id: Int64) -> Int? {
        let position = added.partition { $0.effect.id >= id }
        return position < added.count && added[position].effect.id == id ? position : nil
    }

    // MARK: - Looking

    /// Where a channel's newest record lies, when that is in the journal.
    func place(of id: ChannelID) -> JournalPlace? {
        guard let slot = index.find(id), index[slot].place.segment > foldedThrough else { return nil }
        return index[slot].place
    }

    /// The effects younger than one, that lie in segments after what is folded, in their order.
    func effects(after id: Int64, foldedThrough floor: UInt32, limit: Int) -> [PendingEffect] {
        var effects: [PendingEffect] = []
        for entry in added[added.partition { $0.effect.id > id }...] {
            guard effects.count < limit else { break }
            if entry.segment > floor, acknowledged[entry.effect.id] == nil { effects.append(entry.effect) }
        }
        return effects
    }

    // MARK: - Folding

    /// What a fold has to bring into the file.
    struct Fold: Sendable {
        let through: UInt32
        /// Channels by the first eight bytes of their ids.
        let slots: [ChannelIndex.Slot]
        let effects: [PendingEffect]
        let acknowledged: [Int64]
        let bookmarks: [(name: String, position: UInt64)]
        let lastEffect: Int64
    }

    /// Begins a fold of everything up to a segment, after which no record of that segment comes in.
    mutating func beginFold(through segment: UInt32) -> Fold {
        foldingThrough = segment
        defer { touched = [] }
        return Fold(
            through: segment, slots: touched,
            effects: added.filter { $0.segment <= segment && acknowledged[$0.effect.id] == nil }.map(\.effect),
            acknowledged: acknowledged.filter { $0.value <= segment }.keys.sorted(),
            bookmarks: bookmarks.filter { $0.value.segment <= segment }
                .map { ($0.key, $0.value.position) }.sorted { $0.0 < $1.0 },
            lastEffect: lastEffect)
    }

    /// Forgets what a fold brought into the file.
    ///
    /// - Returns: The segments that nobody needs any more, oldest first.
    mutating func endFold(through segment: UInt32) -> [UInt32] {
        foldedThrough = max(foldedThrough, segment)
        foldingThrough = max(foldingThrough, segment)
        added.removeAll { $0.segment <= segment }
        acknowledged = acknowledged.filter { $0.value > segment }
        bookmarks = bookmarks.filter { $0.value.segment > segment }
        created.drop(through: segment)
        let done = files.keys.filter { $0 <= segment }.sorted()
        for number in done { files[number] = nil }
        return done
    }

    /// Takes back a fold that failed.
    mutating func cancelFold(_ fold: Fold) {
        foldingThrough = foldedThrough
        touched += fold.slots
    }
}

extension Array {
    /// The first place where the condition holds, given that it holds from there on; the end when it never does.
    func partition(_ holds: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
