// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation
import Synchronization

/// The right to sign for one channel, held by one payment at a time, also across processes.
///
/// The lock is the system's own, so it ends with the process however that ends.
///
/// - Source: flock(2). It also keeps two openers in one process apart.
final class ChannelLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock at once, or answers `nil` when another process has it.
    ///
    /// - Parameter folder: Where the lock files are; they stay, because removing one would let two hold "the" lock.
    init?(_ channel: ChannelID, in folder: String) throws(JournalError) {
        let path = "\(folder)/\(channel).lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .unavailable(path: path, reason: String(cString: strerror(errno)))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw .unavailable(path: path, reason: String(cString: strerror(reason)))
            }
            return nil
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
            close(descriptor)
            held = nil
        }
    }
}
