// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingEncodings
import FarthingLibP2P
import FarthingWallet

struct PeersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers", abstract: "List the peers on the local network that sell something.",
        discussion: """
            Peers are found by multicast DNS, which reaches as far as the local network. Give an address that is listed \
            to 'farthing pay', with /http-path/ and the path behind it.
            """)

    @Option(name: .long, help: "How many seconds to look, 1 to 60.")
    var seconds = 3
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...60).contains(seconds) else { throw ValidationError("--seconds goes from 1 to 60.") }
    }

    func run() async throws {
        let payees = try await PeerHost.withHost { host in
            try await PeerFinder().payees(for: host, within: .seconds(seconds))
        }
        if output.json {
            return Console.out(JSON.object(["peers": .array(payees.map { .string("\($0)") })]).text)
        }
        for payee in payees { Console.out("\(payee)") }
        if payees.isEmpty { Console.error("No peer that sells anything was found in \(seconds) s") }
    }
}
