// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Something that goes on in the background until it is stopped, or let go.
public final class ChannelSubscription: Sendable {
    private let task: Task<Void, Never>

    init(_ task: Task<Void, Never>) { self.task = task }

    deinit { task.cancel() }

    /// Stops it, and waits until nothing of it runs any more.
    ///
    /// Stopping twice is harmless.
    public func stop() async {
        task.cancel()
        await task.value
    }
}
