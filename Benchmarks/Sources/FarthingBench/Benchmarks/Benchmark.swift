// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Something that can be measured by its name.
struct Benchmark: Sendable {
    let name: String
    let summary: String
    /// Sets up what is measured, measures and clears up.
    ///
    /// `nil` when nothing of what was asked for is in it.
    let measure: @Sendable (Setting) async throws -> Measured?

    /// What came of it.
    struct Measured: Sendable {
        var rows: [Row]
        var remarks: [String] = []
    }

    static let all: [Benchmark] = [
        .keccak, .verify, .voucherInProcess, .voucherHTTP, .voucherBatch, .latency, .durability, .manyChannels,
        .busyChannel, .stores, .schemesInProcess, .schemesHTTP, .schemeMemory, .peers, .gunUpdates,
        .ledgerClaims, .demo, .soak,
    ]
}

extension Benchmark {
    /// Something whose entrants take turns.
    init(
        name: String, summary: String, contest: @escaping @Sendable (_ setting: Setting) async throws -> Contest
    ) {
        self.init(name: name, summary: summary) { setting in
            var contest = try await contest(setting)
            if let only = setting.only { contest.keep(only) }
            guard !contest.entrants.isEmpty else {
                await contest.finish()
                return nil
            }
            do {
                let rows = try await contest.run(rounds: setting.rounds, seconds: setting.seconds) { round, entrant in
                    setting.tell("\(name), round \(round) of \(setting.rounds): \(entrant)")
                }
                let measured = Measured(
                    rows: rows + (try await contest.figures()), remarks: try await contest.remarks(rows))
                await contest.finish()
                return measured
            } catch {
                await contest.finish()
                throw error
            }
        }
    }
}

/// What was measured did not do what it should, so its time means nothing.
struct WrongResult: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
