// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Testing

/// Steps at random through a contract, after each of which something must hold.
protocol Walk {
    var log: WalkLog { get }

    /// - Returns: What was done, and what came of it.
    mutating func step() async throws -> String

    /// - Parameter moment: After which step of which walk.
    mutating func check(_ moment: String) async throws
}

extension Walk {
    mutating func go(_ steps: Int = Dice.steps, seed: UInt64) async throws {
        for step in 1...steps {
            let action = try await self.step()
            try await check("step \(step), \(action), seed \(seed)")
        }
    }
}
