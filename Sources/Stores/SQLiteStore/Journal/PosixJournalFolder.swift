// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation

/// Segments as files beside the store's own: `PATH.journal-0000000001`.
struct PosixJournalFolder: JournalFolder {
    /// The store, without links on the way.
    private let store: String
    /// The store as it was named; errors show this one.
    private let shown: String

    init(beside file: StoreFile) {
        store = file.resolved
        shown = file.path
    }

    private static let infix = ".journal-"
    private static let digits = 10

    private static func suffix(_ number: UInt32) -> String {
        let text = String(number)
        return infix + String(repeating: "0", count: digits - text.count) + text
    }

    func path(of number: UInt32) -> String { shown + Self.suffix(number) }

    func segments() throws(StoreError) -> [UInt32] {
        let url = URL(fileURLWithPath: store)
        let prefix = url.lastPathComponent + Self.infix
        guard let folder = opendir(url.deletingLastPathComponent().path) else {
            throw .system("the folder of \(shown) cannot be listed", errno, path: shown)
        }
        defer { closedir(folder) }
        var numbers: [UInt32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix(prefix) else { continue }
            let digits = name.dropFirst(prefix.count)
            if digits.utf8.count == Self.digits, let number = UInt32(digits) { numbers.append(number) }
        }
        return numbers
    }

    func make(_ number: UInt32) throws(StoreError) -> any JournalFile {
        let name = store + Self.suffix(number)
        let flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW
        // Past the system's cache a batch costs about half as much; where a file system has no such way, through it.
        var writer = Foundation.open(name, flags | PosixJournalFile.direct, 0o600)
        if writer < 0, errno == EINVAL { writer = Foundation.open(name, flags, 0o600) }
        guard writer >= 0 else { throw .system("\(path(of: number)) cannot be made", errno, path: shown) }
        let reader = Foundation.open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard reader >= 0 else {
            let reason = errno
            Foundation.close(writer)
            throw .system("\(path(of: number)) cannot be opened", reason, path: shown)
        }
        return PosixJournalFile(writer: writer, reader: reader, shown: path(of: number), store: shown)
    }

    func open(_ number: UInt32) throws(StoreError) -> (any JournalFile)? {
        let reader = Foundation.open(store + Self.suffix(number), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard reader >= 0 else {
            if errno == ENOENT { return nil }
            throw .system("\(path(of: number)) cannot be opened", errno, path: shown)
        }
        return PosixJournalFile(writer: nil, reader: reader, shown: path(of: number), store: shown)
    }

    func remove(_ number: UInt32) throws(StoreError) {
        guard unlink(store + Self.suffix(number)) == 0 || errno == ENOENT else {
            throw .system("\(path(of: number)) cannot be removed", errno, path: shown)
        }
    }

    func sync() throws(StoreError) {
        let folder = URL(fileURLWithPath: store).deletingLastPathComponent().path
        let descriptor = Foundation.open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("the folder of \(shown) cannot be opened", errno, path: shown) }
        defer { Foundation.close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .system("the folder of \(shown) cannot be synced", errno, path: shown)
        }
    }
}
