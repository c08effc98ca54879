// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingX402
import Synchronization

/// Orders that are being carried out: a copy that comes meanwhile shares the outcome.
final class SettlementsUnderWay: Sendable {
    private let tasks = Mutex<[Hash32: Task<SettleResponse, Never>]>([:])

    /// Carries out an order to its end, also when whoever gave it does not wait.
    ///
    /// - Parameter key: The same for copies of one order.
    func run(_ key: Hash32, _ work: @escaping @Sendable () async -> SettleResponse) async -> SettleResponse {
        let task = tasks.withLock { tasks in
            if let task = tasks[key] { return task }
            let task = Task {
                let response = await work()
                self.tasks.withLock { $0[key] = nil }
                return response
            }
            tasks[key] = task
            return task
        }
        return await task.value
    }
}
