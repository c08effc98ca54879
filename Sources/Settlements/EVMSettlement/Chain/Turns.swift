// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Has work done one after the other, in the order in which it is handed in.
///
/// An actor alone does not do that: while its work waits for an answer, others come in between.
struct Turns {
    private var last: Task<Void, Never>?

    /// Begins when all that was handed in before is done, whatever became of that.
    ///
    /// - Returns: What is under way. Cancelling it ends this work and no other.
    mutating func next<Value: Sendable, Fault: Error>(
        _ work: @escaping @Sendable () async throws(Fault) -> Value
    ) -> Task<Result<Value, Fault>, Never> {
        let before = last
        let task = Task {
            await before?.value
            return await Self.outcome(of: work)
        }
        last = Task { _ = await task.value }
        return task
    }

    /// Of its own, since the optimiser of Swift 6.3.1 mixes up what a task answers that catches a typed error.
    private static func outcome<Value: Sendable, Fault: Error>(
        of work: @Sendable () async throws(Fault) -> Value
    ) async -> Result<Value, Fault> {
        do throws(Fault) { return .success(try await work()) } catch { return .failure(error) }
    }
}
