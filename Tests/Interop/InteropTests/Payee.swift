// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// Somebody whom an ``OfficialPayer`` can pay.
protocol Payee: AnyObject {
    /// How payers reach it.
    var url: String { get }
    /// Where payers may keep their books.
    var folder: URL { get }

    /// How the SDK is told to read channels here.
    func readingArguments() throws -> [String]
}
