// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import Logging
import Metrics
public import ServiceLifecycle

/// Does one thing again and again, until the process is asked to stop.
///
/// A turn that fails is logged and tried again at the next; it never ends the service. A turn that is under
/// way when the process is asked to stop is finished first.
public struct PeriodicService: Service, CustomStringConvertible {
    private let name: String
    private let interval: Duration
    private let bell: Bell
    private let logger: Logger
    private let turn: @Sendable () async throws -> Void

    /// - Parameter bell: Nobody else's.
    public init(
        name: String, interval: Duration, bell: Bell = Bell(), logger: Logger,
        turn: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.interval = interval
        self.bell = bell
        self.logger = logger
        self.turn = turn
    }

    /// What logs call it, where it would be told with all that it holds otherwise.
    public var description: String { name }

    public func run() async throws {
        let failures = Counter(label: "farthing_background_failures_total", dimensions: [("job", name)])
        await withTaskGroup { group in
            group.addTask { await ringOften() }
            for await _ in bell.rings {
                guard !Task.isShuttingDownGracefully, !Task.isCancelled else { break }
                do {
                    try await turn()
                } catch is CancellationError {
                    break
                } catch {
                    failures.increment()
                    logger.error("Background work failed", metadata: ["job": "\(name)", "error": "\(error)"])
                }
            }
            group.cancelAll()
        }
    }

    /// Rings at each interval, and once when the process is asked to stop, so that nobody waits for the next.
    private func ringOften() async {
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            bell.ring()
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: interval) }
        }
        bell.ring()
    }
}
