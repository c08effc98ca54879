// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingHTTP402
import Hummingbird
import Logging
import NIOCore

/// A request's context that knows who is at the other end of the connection.
struct NodeRequestContext: ConnectionRequestContext {
    var coreContext: CoreRequestContextStorage
    /// The client's address, such as `192.0.2.7`; `nil` on a Unix socket, and over relays.
    let client: String?
    let connection: (any Channel)?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        client = source.channel.remoteAddress?.ipAddress
        connection = source.channel
    }

    /// The context of a request that came by another way than a connection of HTTP.
    init(logger: Logger, client: String?) {
        coreContext = CoreRequestContextStorage(source: Elsewhere(logger: logger))
        self.client = client
        connection = nil
    }

    private struct Elsewhere: RequestContextSource {
        let logger: Logger
    }
}
