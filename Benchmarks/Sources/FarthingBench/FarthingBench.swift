// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser

@main
struct FarthingBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "farthing-bench",
        abstract: "Measures Farthing against named anchors, in turn with them.",
        subcommands: [MeasureCommand.self, ServeBenchCommand.self, DemoBenchCommand.self],
        defaultSubcommand: MeasureCommand.self)
}
