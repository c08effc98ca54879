// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension Sequence where Element: Sendable {
    /// Does work for each element, some at once, and goes on with the others where it fails for one.
    ///
    /// - Parameters:
    ///   - most: How many at once; above 0.
    ///   - work: In any order.
    /// - Returns: What went wrong first, once all is done; `nil` when nothing did.
    package func severalAtOnce(
        _ most: Int, _ work: @escaping @Sendable (Element) async throws -> Void
    ) async -> (any Error)? {
        await withTaskGroup(of: (any Error)?.self) { group in
            var failure: (any Error)?
            var running = 0
            for element in self {
                if running >= most, let ended = await group.next() {
                    running -= 1
                    failure = failure ?? ended
                }
                running += 1
                group.addTask {
                    do { try await work(element) } catch { return error }
                    return nil
                }
            }
            for await ended in group { failure = failure ?? ended }
            return failure
        }
    }
}
