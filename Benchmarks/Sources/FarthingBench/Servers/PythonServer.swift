// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation

/// The official x402 server in Python, which knows the channels of a wallet.
struct PythonServer: Sendable {
    let server: ChildServer
    let wallet: Wallet

    /// - Parameter python: An interpreter that has what `Benchmarks/Peers/requirements.txt` lists.
    init(python: String, channels: Int) async throws {
        let script = MeasureCommand.package.appendingPathComponent("Peers/x402_server.py").path
        server = try ChildServer([python, script])
        wallet = try await Wallet(channels: channels, port: server.port)
        let known = wallet.channels.map { channel -> JSON in
            ["id": .string("\(channel.id)"), "config": channel.payload(upTo: Wallet.price)["channelConfig"] ?? .null]
        }
        guard try server.ask(JSON.array(known).text) == "\(channels)" else {
            throw WrongResult("The Python server did not take in the channels.")
        }
    }
}
