// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Rings once, for whoever waits for it.
actor Bell {
    private var hasRung = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func ring() {
        hasRung = true
        for waiter in waiting { waiter.resume() }
        waiting = []
    }

    func wait() async {
        guard !hasRung else { return }
        await withCheckedContinuation { waiting.append($0) }
    }
}
