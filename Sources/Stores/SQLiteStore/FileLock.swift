// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation
import Synchronization

/// The right to write to a store, held by one opener at a time.
///
/// The lock is the system's own on `PATH.lock`, so it ends with the process however that ends. The file stays
/// behind, because removing it would let two openers lock two different files. It names the process for people.
///
/// - Source: flock(2). Unlike fcntl(2) locks it also keeps two openers in one process apart.
final class FileLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock at once or not at all.
    init(of file: StoreFile) throws(StoreError) {
        let descriptor = open(file.resolved + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("\(file.path).lock cannot be opened", errno, path: file.path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            defer { close(descriptor) }
            guard reason == EWOULDBLOCK else {
                throw .system("\(file.path).lock cannot be locked", reason, path: file.path)
            }
            throw .inUse(path: file.path, by: Self.holder(in: descriptor))
        }
        Self.write("\(getpid())\n", to: descriptor)
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Lets the next one in.
    ///
    /// Releasing twice is harmless.
    func release() {
        descriptor.withLock { held in
            guard let descriptor = held else { return }
            Self.write("", to: descriptor)
            // Closing alone would not do while a process that is being started still shares the descriptor.
            flock(descriptor, LOCK_UN)
            close(descriptor)
            held = nil
        }
    }

    /// Replaces the text of the file; a failure costs no more than the name in a later error.
    private static func write(_ text: String, to descriptor: Int32) {
        guard ftruncate(descriptor, 0) == 0 else { return }
        let bytes = Array(text.utf8)
        _ = pwrite(descriptor, bytes, bytes.count, 0)
    }

    private static func holder(in descriptor: Int32) -> Int32? {
        let text = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, 0))
        }
        return Int32(String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
