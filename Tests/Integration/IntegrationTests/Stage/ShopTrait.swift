// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Testing

/// Opens a ``Shop`` for a whole suite, and looks after the last test whether all is well in it.
struct ShopTrait: SuiteTrait, TestScoping {
    let arguments: [String]

    func provideScope(
        for test: Test, testCase: Test.Case?, performing run: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let shop = try await Shop(arguments)
        try await Shop.$current.withValue(shop) { try await run() }
        try await shop.close()
    }
}

extension Trait where Self == ShopTrait {
    /// - Parameter arguments: What `farthing serve` is told.
    static func shop(_ arguments: String...) -> Self { ShopTrait(arguments: arguments) }
}
