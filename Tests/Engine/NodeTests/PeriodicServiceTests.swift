// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingNode
import Logging
import ServiceLifecycle
import ServiceLifecycleTestKit
import Synchronization
import Testing

@Suite("A periodic service")
struct PeriodicServiceTests {
    struct Trouble: Error {}

    /// Counts turns, and lets a test wait for one of them.
    final class Turns: Sendable {
        private let count = Mutex(0)
        private let (stream, told) = AsyncStream.makeStream(of: Int.self)

        @discardableResult
        func next() -> Int {
            let number = count.withLock { count in
                count += 1
                return count
            }
            told.yield(number)
            return number
        }

        func reach(_ number: Int) async { for await turn in stream where turn >= number { return } }
        var number: Int { count.withLock { $0 } }
    }

    private let turns = Turns()

    private func service(
        every interval: Duration = .zero, logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        _ turn: @escaping @Sendable () async throws -> Void
    ) -> PeriodicService {
        PeriodicService(name: "test", interval: interval, logger: logger, turn: turn)
    }

    @Test func `takes turn after turn until it is asked to stop`() async throws {
        let service = service { [turns] in turns.next() }
        try await testGracefulShutdown { trigger in
            async let running: Void = service.run()
            await turns.reach(10)
            trigger.triggerGracefulShutdown()
            try await running
        }
        #expect(turns.number >= 10)
    }

    @Test func `goes on after a turn that fails, and logs it`() async throws {
        let journal = Journal()
        let service = service(logger: Logger(label: "test") { _ in journal }) { [turns] in
            if turns.next() % 2 == 1 { throw Trouble() }
        }
        try await testGracefulShutdown { trigger in
            async let running: Void = service.run()
            await turns.reach(6)
            trigger.triggerGracefulShutdown()
            try await running
        }
        #expect(journal.lines.count >= 3)
        #expect(journal.lines.first?.contains("job=test") == true)
        #expect(journal.lines.first?.contains("Trouble") == true)
    }

    @Test func `does not wait for the end of a long pause when it is asked to stop`() async throws {
        let service = service(every: .seconds(100_000)) { [turns] in turns.next() }
        try await testGracefulShutdown { trigger in
            async let running: Void = service.run()
            await turns.reach(1)
            trigger.triggerGracefulShutdown()
            try await running
        }
        #expect(turns.number == 1)
    }

    @Test func `finishes a turn that is under way when it is asked to stop`() async throws {
        let door = Door()
        door.close()
        let isFinished = Mutex(false)
        let service = service(every: .seconds(100_000)) {
            await door.pass()
            try Task.checkCancellation()
            isFinished.withLock { $0 = true }
        }
        try await testGracefulShutdown { trigger in
            async let running: Void = service.run()
            await door.untilWaiting(1)
            trigger.triggerGracefulShutdown()
            #expect(!isFinished.withLock { $0 })
            door.open()
            try await running
        }
        #expect(isFinished.withLock { $0 })
    }

    @Test func `ends at once when it is cancelled`() async throws {
        let service = service(every: .seconds(100_000)) { [turns] in turns.next() }
        let running = Task { try await service.run() }
        await turns.reach(1)
        running.cancel()
        try await running.value
        #expect(turns.number == 1)
    }

    @Test func `takes a turn's own cancellation for the end`() async throws {
        let service = service { [turns] in
            turns.next()
            throw CancellationError()
        }
        try await service.run()
        #expect(turns.number == 1)
    }

    @Test func `takes no turn when it is asked to stop before it begins`() async throws {
        let service = service { [turns] in turns.next() }
        try await testGracefulShutdown { trigger in
            trigger.triggerGracefulShutdown()
            try await service.run()
        }
        #expect(turns.number == 0)
    }
}

/// Keeps what is logged.
final class Journal: LogHandler, Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }

    func log(event: LogEvent) {
        let metadata = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
        kept.withLock { $0.append("\(event.level) \(event.message) \(metadata)") }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set { _ = newValue }
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set { _ = newValue }
    }
    var logLevel: Logger.Level {
        get { .trace }
        set { _ = newValue }
    }
}
