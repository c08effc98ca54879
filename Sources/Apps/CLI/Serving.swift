// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import Logging
import ServiceLifecycle
import UnixSignals

/// What the commands that serve have in common.
enum Serving {
    /// Runs a server until it fails or the process is told to stop, and then lets go of what it worked with.
    static func run(_ server: any Service, logger: Logger, closing: () async -> Void = {}) async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: server, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        do {
            try await group.run()
        } catch {
            await closing()
            throw error
        }
        await closing()
        logger.notice("Stopped; everything is on disk")
    }
}

extension [Setting: [String]] {
    /// Adds the flags that were given.
    func adding(_ texts: [Setting: String?]) -> Self {
        merging(texts.compactMapValues { $0.map { [$0] } }) { $1 }
    }
}
