// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import Dispatch

struct FarthingBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "farthing-bench",
        abstract: "Measures Farthing against named anchors, in turn with them.",
        subcommands: [MeasureCommand.self, ServeBenchCommand.self, DemoBenchCommand.self, TakeBenchCommand.self],
        defaultSubcommand: MeasureCommand.self)
}

/// Where the program begins.
///
/// An asynchronous `main` gives the first thread to libdispatch, which waits for signals in a way that Valgrind (3.19)
/// does not survive. Here it waits for the command to end.
@main
enum Program {
    static func main() {
        let end = DispatchSemaphore(value: 0)
        Task.detached {
            await FarthingBench.main()
            end.signal()
        }
        end.wait()
    }
}
