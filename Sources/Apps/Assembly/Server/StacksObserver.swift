// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacksSettlement
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Listens to what a Stacks node posts to its observers, so that changes of channels are seen at once.
///
/// Everything is answered with 200, also what is of no use here: a node does not go on until its observer is content.
/// Who posts is not known, so what is told is a reason to read a channel, and nothing more.
struct StacksObserver: Service, CustomStringConvertible {
    let listen: NodeConfiguration.Endpoint?
    let settlement: StacksSettlement?
    let logger: Logger
    let onListening: @Sendable (NodeConfiguration.Endpoint) async -> Void

    var description: String { "Stacks observer" }

    /// - Throws: ``ConfigurationError/portTaken(_:setting:)`` or
    ///   ``ConfigurationError/cannotListen(_:why:setting:)``.
    func run() async throws {
        guard let listen, let settlement else { return try await gracefulShutdown() }
        let app = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                guard request.method == .post, request.uri.path == "/new_block" else { return Response(status: .ok) }
                var block: [UInt8] = []
                // Of a block that is too long nothing is heard, and it is read to its end all the same.
                for try await part in request.body where block.count <= StacksSettlement.longestBlock {
                    block += part.readableBytesView
                }
                settlement.hear(block: block)
                return Response(status: .ok)
            },
            configuration: .init(
                address: .hostname(listen.host, port: listen.port), serverName: "farthing",
                availableConnectionsDelegate: .maximum(16, logger: logger)),
            onServerRunning: { channel in
                await onListening(
                    NodeConfiguration.Endpoint(host: listen.host, port: channel.localAddress?.port ?? listen.port))
            },
            logger: logger)
        do { try await app.runService(gracefulShutdownSignals: []) } catch {
            throw ConfigurationError.listening(on: "\(listen)", error, setting: .observer)
        }
    }
}
