// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

package import FarthingChannels

/// The folder in which a journal's segments lie, as far as the journal needs it.
///
/// What was made or removed there survives a power cut only after ``sync()``.
package protocol JournalFolder: Sendable {
    /// The numbers of the segments that are there, in any order.
    func segments() throws(StoreError) -> [UInt32]

    /// Makes an empty segment to write and read; one of that number that is there already is emptied.
    func make(_ number: UInt32) throws(StoreError) -> any JournalFile

    /// Opens a segment to read it, or is `nil` when there is none.
    func open(_ number: UInt32) throws(StoreError) -> (any JournalFile)?

    /// Removes a segment; whoever has it open can still read it.
    func remove(_ number: UInt32) throws(StoreError)

    /// Waits until the disk knows which segments there are.
    func sync() throws(StoreError)

    /// What a segment is called in errors.
    func path(of number: UInt32) -> String
}

/// One segment of a journal.
///
/// - Unit: offsets and lengths in bytes.
package protocol JournalFile: AnyObject, Sendable {
    /// Writes all the bytes.
    ///
    /// Offset and count are multiples of ``SegmentFormat/block``, and the bytes begin at such an address.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError)

    /// Waits until the disk has everything that was written, and the length of the file.
    func sync() throws(StoreError)

    /// Cuts the file off.
    func truncate(to length: Int) throws(StoreError)

    /// Reads as many bytes as there are; fewer than asked for at the end of the file alone.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) -> Int

    /// How long the file is.
    func length() throws(StoreError) -> Int

    /// Tells that all of it will be read soon.
    func prepareToRead()
}
