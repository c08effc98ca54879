// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What was measured, on which machine.
struct Report: Sendable {
    struct Section: Sendable {
        let name: String
        let summary: String
        let rows: [Row]
        let remarks: [String]
    }

    let machine: Machine
    let versions: Versions
    let rounds: Int
    /// - Unit: seconds.
    let turn: Double
    var sections: [Section] = []
}
