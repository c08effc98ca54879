// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// Why an offer cannot be paid, whatever the budget.
enum OfferObjection: ExplainedError, Hashable {
    /// The scheme is known, but the offer lacks something, or asks for what nobody can give.
    case incomplete(scheme: String)

    var code: String { "payment.offer-incomplete" }
    var message: String {
        switch self {
        case .incomplete(let scheme): "The offer of '\(scheme)' lacks what a payment needs."
        }
    }
    var remedy: String? { "Tell whoever runs the server." }
}
