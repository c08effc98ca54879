// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingEncodings
import Foundation
import NIOCore

/// The other end of what goes over HTTP, started by the measuring process.
struct ServeBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve-bench", abstract: "Serve while another process measures.", shouldDisplay: false)

    @Argument var kind: ServerKind
    @Option var folder = "."
    @Option var upstream = "http://127.0.0.1:9"
    @Option var channels = PayingServer.channels
    @Option(transform: PaymentScheme.init(argument:))
    var scheme = PaymentScheme.voucher

    func run() async throws {
        // A server that is kept to one processor gets one thread for its connections.
        if Placement.isApart { NIOSingletons.groupLoopCountSuggestion = 1 }
        let paying = PayingServer(folder: folder, upstream: upstream, channels: channels, scheme: scheme)
        switch kind {
        case .node: try await paying.runNode()
        case .gate: try await paying.runGate()
        case .peers: try await paying.runPeers()
        case .memory: try await paying.runMemory()
        case .hello: try await PlainServer.runHummingbird()
        case .upstream: try await PlainServer.runNIO()
        }
    }

    /// Tells the measuring process where to connect, and from then on answers each of its lines with the processor time
    /// used so far.
    ///
    /// Ends when that process does.
    ///
    /// - Parameter peer: Where peers reach it, if they do.
    static func announce(port: Int, peer: String? = nil) {
        tell(JSON.object(["port": .integer(port), "peer": peer.map { .string($0) }]).text)
        Thread.detachNewThread {
            while readLine() != nil { tell("\(Measurement.processSeconds())") }
            Foundation.exit(0)
        }
    }

    private static func tell(_ line: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    }
}

extension PaymentScheme {
    init(argument text: String) throws {
        guard let scheme = PaymentScheme(rawValue: text) else { throw ValidationError("There is no scheme '\(text)'.") }
        self = scheme
    }
}
