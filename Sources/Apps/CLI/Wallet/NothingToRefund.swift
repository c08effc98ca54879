// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// More was asked back than a channel has left, in its token as sums are told elsewhere.
struct NothingToRefund: ExplainedError {
    /// The code of the books' own refusal, which knows no token.
    static let code = "payer.nothing-to-refund"
    let asked: String?
    let left: String

    var code: String { Self.code }
    var message: String {
        guard let asked else { return "There is nothing to refund: \(left) is left." }
        return "A refund of \(asked) was asked for; \(left) is left."
    }
    var remedy: String? { nil }
}
