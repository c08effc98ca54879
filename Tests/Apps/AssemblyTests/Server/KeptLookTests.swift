// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402
import Synchronization
import Testing

@testable import FarthingAssembly

@Suite("A look that is shared", .timeLimit(.minutes(1)))
struct KeptLookTests {
    /// Something to look at, which counts how often somebody does.
    private final class View: Sendable {
        let looks = Atomic(0)
        let isBlocked = Mutex(false)

        func look() async -> KeptLook.Faults {
            looks.add(1, ordering: .relaxed)
            while isBlocked.withLock(\.self) { try? await Task.sleep(for: .milliseconds(2)) }
            return [GatewayFault.unreachable]
        }

        var count: Int { looks.load(ordering: .relaxed) }
    }

    private func codes(_ faults: KeptLook.Faults) -> [String] { faults.map(\.code) }

    @Test func `is taken once for a crowd, and again when it is old`() async throws {
        let view = View()
        view.isBlocked.withLock { $0 = true }
        let kept = KeptLook(for: .milliseconds(200), patience: .seconds(30), late: StoreError.cancelled) {
            await view.look()
        }
        await withTaskGroup { group in
            for _ in 0..<500 { group.addTask { #expect(codes(await kept.faults()) == ["upstream.unreachable"]) } }
            group.addTask {
                while view.count == 0 { try? await Task.sleep(for: .milliseconds(1)) }
                view.isBlocked.withLock { $0 = false }
            }
        }
        #expect(view.count == 1)
        try await Task.sleep(for: .milliseconds(250))
        _ = await kept.faults()
        #expect(view.count == 2)
    }

    @Test func `is not waited for longer than a probe has time, and not begun twice`() async throws {
        let view = View()
        view.isBlocked.withLock { $0 = true }
        let kept = KeptLook(for: .seconds(60), patience: .milliseconds(20), late: StoreError.cancelled) {
            await view.look()
        }
        for _ in 0..<3 { #expect(codes(await kept.faults()) == ["store.cancelled"]) }
        #expect(view.count == 1)
        view.isBlocked.withLock { $0 = false }
        while codes(await kept.faults()) == ["store.cancelled"] {}
        #expect(codes(await kept.faults()) == ["upstream.unreachable"])
        #expect(view.count == 1)
    }
}
