// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import Foundation

@main
struct FarthingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "farthing",
        abstract: "Micropayments: sell anything over HTTP by the request.",
        discussion: """
            `farthing demo` shows the whole way of a payment. `farthing serve` puts a price on an HTTP API.

            `farthing pay` pays for a request, out of the wallet that `farthing wallet` looks after.

            Exit codes: 0 done · 1 refused or failed · 22 answered with a status of 400 or above · 64 wrong usage · \
            65 damaged data · 66 no such file or channel · 69 cannot listen or reach · 73 cannot write · 75 in use by \
            another process, or outcome unknown · 76 the other side breaks the protocol · 77 forbidden by the spending \
            policy · 78 wrong configuration · 130 interrupted.
            """,
        version: "0.1.0",
        subcommands: [
            DemoCommand.self, ServeCommand.self, PayCommand.self, WalletCommand.self, FacilitatorCommand.self,
            ChannelsCommand.self, ClaimCommand.self, SettleCommand.self,
            LedgerCommand.self, ContractsCommand.self, KeyCommand.self, StoreCommand.self, PeersCommand.self,
            StacksCommand.self, GunCommand.self,
        ])

    /// Runs a command, and tells what went wrong in one place.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            // Nobody may take what was not written for done.
            if let fault = Console.fault { throw fault }
        } catch {
            let wantsJSON = CommandLine.arguments.contains("--json")
            guard let explained = Explanation(error) ?? other(error, asJSON: wantsJSON) else { exit(withError: error) }
            explained.tell(asJSON: wantsJSON)
            Foundation.exit(explained.exitCode)
        }
    }

    /// Wrong usage as an error like any other, and what nobody thought of.
    ///
    /// - Returns: `nil` for help, for the version, and for a command's own exit code; for a person also for wrong usage,
    ///   which is told with the right one behind it.
    private static func other(_ error: any Error, asJSON: Bool) -> Explanation? {
        let code = exitCode(for: error)
        guard !code.isSuccess, !(error is ExitCode) else { return nil }
        guard code == .validationFailure else { return Explanation(unexpected: error) }
        return asJSON ? Explanation(usage: message(for: error), exitCode: code.rawValue) : nil
    }
}
