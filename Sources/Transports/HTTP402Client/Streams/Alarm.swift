// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Rings once after a while; whoever sets it anew before that hears it once, then.
///
/// So whatever often has a reason to look again later leaves one task behind, and not one for each time.
struct Alarm: Sendable {
    private let ring: @Sendable () -> Void
    private var waiting: Task<Void, Never>?

    init(ring: @escaping @Sendable () -> Void) { self.ring = ring }

    mutating func set(to time: Duration) {
        waiting?.cancel()
        waiting = Task { [ring] in
            do { try await Task.sleep(for: time) } catch { return }
            ring()
        }
    }

    func stop() { waiting?.cancel() }
}
