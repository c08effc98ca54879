// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// A server that may be another one by the end.
final class RunningServer: Sendable {
    private let server: Mutex<ChildServer>

    init(_ server: ChildServer) { self.server = Mutex(server) }

    /// Takes the place of one that has stopped.
    func replace(with other: ChildServer) { server.withLock { $0 = other } }

    func stop() { server.withLock { $0 }.stop() }
}
