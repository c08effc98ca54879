// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import Synchronization

/// The right to write to a relay's file, held by one relay at a time.
///
/// The lock is the system's own on `PATH.lock`, as that of Farthing's stores is, so it ends with the process however
/// that ends. The file stays behind, because removing it would let two relays lock two different files.
///
/// - Source: flock(2). Unlike fcntl(2) locks it also keeps two relays in one process apart.
final class RelayFileLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock at once or not at all.
    ///
    /// - Throws: ``GunError/storage(reason:)``
    init(of path: String) throws(GunError) {
        // Two names of one file share one lock.
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let descriptor = open(resolved + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .storage(reason: Self.text("the lock cannot be opened", errno)) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            throw .storage(
                reason: reason == EWOULDBLOCK ? "another relay has it" : Self.text("it cannot be locked", reason))
        }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Lets the next one in.
    ///
    /// Releasing twice is harmless.
    func release() {
        descriptor.withLock { held in
            guard let descriptor = held else { return }
            // Closing alone would not do while a process that is being started still shares the descriptor.
            flock(descriptor, LOCK_UN)
            close(descriptor)
            held = nil
        }
    }

    private static func text(_ what: String, _ number: Int32) -> String {
        "\(what): \(String(cString: strerror(number)))"
    }
}
