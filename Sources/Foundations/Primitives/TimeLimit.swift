// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Does work that must be done in time, such as reading an answer that may come byte by byte.
///
/// The work is cancelled when its time is up, or when the caller is, and is waited for: it must hear of it.
///
/// - Parameters:
///   - limit: How long the work may take.
///   - late: What is thrown when it takes longer.
/// - Throws: `late`, or what the work throws.
public func withTimeLimit<Value: Sendable, Failure: Error>(
    _ limit: Duration, elseThrowing late: Failure, _ work: @escaping @Sendable () async throws(Failure) -> Value
) async throws(Failure) -> Value {
    let first = await withTaskGroup(of: Result<Value, Failure>?.self) { group in
        group.addTask {
            do throws(Failure) { return .success(try await work()) } catch { return .failure(error) }
        }
        group.addTask {
            // Cancelled, it has nothing to say: the work has.
            (try? await Task.sleep(for: limit)).map { .failure(late) }
        }
        defer { group.cancelAll() }
        for await result in group {
            if let result { return result }
        }
        return .failure(late)
    }
    return try first.get()
}
