// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import Synchronization

/// Carries what other threads have to say to an event loop, many letters for one awakening.
final class LoopMailbox<Letter: Sendable>: Sendable {
    private let loop: any EventLoop
    private let letters = Mutex<[Letter]>([])
    private let read: @Sendable ([Letter]) -> Void

    /// - Parameter read: Called on the loop with all that has come since the last time, in order.
    init(_ loop: any EventLoop, read: @escaping @Sendable ([Letter]) -> Void) {
        self.loop = loop
        self.read = read
    }

    func post(_ letter: Letter) {
        let isFirst = letters.withLock { letters in
            letters.append(letter)
            return letters.count == 1
        }
        guard isFirst else { return }
        loop.execute { [self] in
            read(
                letters.withLock { letters in
                    defer { letters = [] }
                    return letters
                })
        }
    }
}
