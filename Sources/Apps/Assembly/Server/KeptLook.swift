// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// A look at something that takes time, kept for a while and shared by all who ask for it.
///
/// However many ask, one look is under way at a time, and the next begins when the last is old: nobody can make a node
/// ask others all the time by asking it.
actor KeptLook {
    typealias Faults = [any ExplainedError]

    private let age: Duration
    private let patience: Duration
    private let late: any ExplainedError
    private let look: @Sendable () async -> Faults
    private var last: (faults: Faults, at: ContinuousClock.Instant)?
    private var isLooking = false
    private var lastNumber = 0
    private var waiting: [Int: CheckedContinuation<Faults, Never>] = [:]

    /// - Parameters:
    ///   - age: For how long a look is good; with zero it is shared only by those who ask meanwhile.
    ///   - patience: How long one who asks waits for it; the look goes on.
    ///   - late: What is said to whoever has waited so long.
    init(
        for age: Duration, patience: Duration, late: any ExplainedError, look: @escaping @Sendable () async -> Faults
    ) {
        self.age = age
        self.patience = patience
        self.late = late
        self.look = look
    }

    /// What is wrong; empty when nothing is.
    func faults() async -> Faults {
        if let last, .now - last.at < age { return last.faults }
        begin()
        return await wait()
    }

    private func begin() {
        guard !isLooking else { return }
        isLooking = true
        Task { [look] in finish(await look()) }
    }

    private func finish(_ faults: Faults) {
        (last, isLooking) = ((faults, .now), false)
        for turn in waiting.values { turn.resume(returning: faults) }
        waiting = [:]
    }

    private func wait() async -> Faults {
        lastNumber += 1
        let number = lastNumber
        let alarm = Task {
            try? await Task.sleep(for: patience)
            waiting.removeValue(forKey: number)?.resume(returning: [late])
        }
        defer { alarm.cancel() }
        return await withCheckedContinuation { waiting[number] = $0 }
    }
}
