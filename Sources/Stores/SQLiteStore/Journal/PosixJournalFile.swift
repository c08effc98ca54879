// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation

/// A segment as a file of the system.
///
/// It is written past the system's cache and read through it.
final class PosixJournalFile: JournalFile {
    private let writer: Int32?
    private let reader: Int32
    private let shown: String
    private let store: String

    /// The flag that leads past the cache; none where the system has no such flag.
    ///
    /// - Source: Linux, asm-generic/fcntl.h and arm64's asm/fcntl.h: `O_DIRECT`, which Swift does not import.
    static var direct: Int32 {
        #if os(Linux) && arch(x86_64)
        0o40000
        #elseif os(Linux) && arch(arm64)
        0o200000
        #else
        0
        #endif
    }

    /// Takes the descriptors over.
    init(writer: Int32?, reader: Int32, shown: String, store: String) {
        self.writer = writer
        self.reader = reader
        self.shown = shown
        self.store = store
    }

    deinit {
        if let writer { close(writer) }
        close(reader)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(writer ?? -1, rest.baseAddress, rest.count, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw .system("\(shown) cannot be written", count == 0 ? ENOSPC : errno, path: store)
            }
        }
    }

    /// Syncs the bytes and the length, and not the times, which nobody needs after a power cut.
    ///
    /// - Source: fdatasync(2), fcntl(2) `F_FULLFSYNC`: on Apple's systems fsync(2) stops at the drive's cache.
    func sync() throws(StoreError) {
        #if canImport(Darwin)
        let status = fcntl(writer ?? reader, F_FULLFSYNC)
        #else
        let status = fdatasync(writer ?? reader)
        #endif
        guard status != -1 else { throw .system("\(shown) cannot be synced", errno, path: store) }
    }

    func truncate(to length: Int) throws(StoreError) {
        guard ftruncate(writer ?? -1, off_t(length)) == 0 else {
            throw .system("\(shown) cannot be cut off", errno, path: store)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(reader, rest.baseAddress, rest.count, off_t(offset + done))
            if count == 0 { break }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw .system("\(shown) cannot be read", errno, path: store)
            }
        }
        return done
    }

    func length() throws(StoreError) -> Int {
        var status = stat()
        guard fstat(reader, &status) == 0 else { throw .system("\(shown) cannot be looked at", errno, path: store) }
        return Int(status.st_size)
    }

    func prepareToRead() {
        #if os(Linux)
        _ = posix_fadvise(reader, 0, 0, POSIX_FADV_WILLNEED)
        #endif
    }
}
