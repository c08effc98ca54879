// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Logging
import ServiceLifecycle

extension ServiceGroup {
    /// Runs until it is stopped, which is no failure because somebody's request took longer than a stop waits.
    ///
    /// - Parameter limit: How long a stop waits.
    /// - Throws: Why a server does not listen there, in words; what else ended it, as it is.
    func run(listeningOn endpoint: String, stoppingWithin limit: Duration, logger: Logger) async throws {
        do {
            try await run()
        } catch is CancellationError where Task.isShuttingDownGracefully {
            logger.warning("Requests that went on for too long were cut off", metadata: ["after": "\(limit)"])
        } catch {
            throw ConfigurationError.listening(on: endpoint, error)
        }
    }
}
