// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import CLoad
import Foundation

/// Which processor serves and which one sends, so that neither takes the other's time.
enum Placement {
    /// Whether there are two processors at least, and a way to bind a program to one.
    static let isApart =
        ProcessInfo.processInfo.activeProcessorCount >= 2 && FileManager.default.isExecutableFile(atPath: taskset)

    /// The processor of the load generator; -1 for any.
    static var client: Int32 { isApart ? 0 : -1 }

    /// A command that is kept to the server's processor, where that can be done.
    static func serving(_ command: [String]) -> [String] { isApart ? [taskset, "-c", "1"] + command : command }

    static var description: String {
        isApart
            ? "Servers run on one core (the second) with one event loop, the load generator on the other (the first)"
            : "Servers and the load generator share the cores"
    }

    private static let taskset = "/usr/bin/taskset"
}
