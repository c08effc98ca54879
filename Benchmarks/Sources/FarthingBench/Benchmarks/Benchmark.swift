// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Something that can be measured by its name.
struct Benchmark: Sendable {
    let name: String
    let summary: String
    /// Sets up what is measured.
    ///
    /// Files go into the folder, which is empty at first and removed afterwards.
    let contest: @Sendable (_ folder: String) async throws -> Contest

    static let all: [Benchmark] = [.keccak, .verify, .voucherInProcess, .voucherHTTP, .ledgerClaims]
}

/// What was measured did not do what it should, so its time means nothing.
struct WrongResult: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
