// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingGun
import Foundation
import Logging
import NIOCore
import ServiceLifecycle

struct GunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gun", abstract: "Work with GUN, in which channels can keep their state.",
        subcommands: [Relay.self])

    struct Relay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run a GUN relay: it keeps what peers write, and passes it on.",
            discussion: """
                Peers connect by WebSocket at ws://HOST:PORT/gun, without TLS: put a proxy in front of it for that. \
                Anybody may write; what is in a key's own part of the graph has to be signed by that key.
                """)

        @Option(name: .long, help: "HOST:PORT to listen on; port 0 takes any free one.")
        var listen = "127.0.0.1:8765"
        @Option(name: .long, help: "The file of the graph; made when it is not there. (default: memory only)")
        var store: String?
        @OptionGroup var logs: LogOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let source = try await ConfigurationSource(flags: logs.flags, file: nil)
            let logger = try LogOptions.logger(source)
            guard let endpoint = NodeConfiguration.Endpoint(listen) else {
                throw ValidationError("--listen must be HOST:PORT")
            }
            var configuration = GunRelayConfiguration()
            configuration.host = endpoint.host
            configuration.port = endpoint.port
            configuration.file = store
            try await Serving.run(
                GunRelayService(configuration: configuration, asJSON: output.json, logger: logger), logger: logger)
        }
    }
}

/// Runs a relay until the process is told to stop.
private struct GunRelayService: Service, CustomStringConvertible {
    let configuration: GunRelayConfiguration
    let asJSON: Bool
    let logger: Logger

    var description: String { "GUN relay" }

    func run() async throws {
        let relay = try await start()
        let address = NodeConfiguration.Endpoint(host: configuration.host, port: await relay.port)
        announce("ws://\(address)\(GunRelayConfiguration.path)")
        try? await gracefulShutdown()
        await relay.shutdown()
    }

    private func start() async throws -> GunRelay {
        do { return try await GunRelay.start(configuration, logger: logger) } catch let error as IOError {
            let endpoint = "\(NodeConfiguration.Endpoint(host: configuration.host, port: configuration.port))"
            throw error.errnoCode == EADDRINUSE
                ? ConfigurationError.portTaken(endpoint)
                : ConfigurationError.cannotListen(endpoint, why: error.description)
        } catch let error as GunError {
            throw GunFault(error: error)
        }
    }

    private func announce(_ url: String) {
        if asJSON {
            return Console.out(
                JSON.object(["listening": .string(url), "store": configuration.file.map { .string($0) }]).text)
        }
        Console.out("Relaying GUN on \(url)")
        Console.out(configuration.file.map { "The graph is in \($0)" } ?? "The graph is in memory only")
    }
}

/// An error of GUN's, as commands tell of errors.
struct GunFault: ExplainedError {
    let error: GunError

    var code: String { error.code }
    var message: String { error.message }
    var remedy: String? { nil }
}
