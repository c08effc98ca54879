// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// Why an offer cannot be paid, whatever the budget.
enum OfferObjection: ExplainedError, Hashable {
    /// The scheme is known, but the offer lacks something, or asks for what nobody can give.
    case incomplete(scheme: String)
    /// It wants the chain's own coin, and this wallet cannot send a transaction there.
    case coin(Network)
    /// The scheme is known, and not among those that are to be used.
    case unwanted(scheme: String)

    var code: String {
        switch self {
        case .incomplete: "payment.offer-incomplete"
        case .coin: "payment.coin-needs-chain"
        case .unwanted: "payment.scheme-not-wanted"
        }
    }
    var message: String {
        switch self {
        case .unwanted(let scheme):
            "It can be paid by \(PaymentSchemeName.spoken(scheme)), which is not among the ways to pay that are wanted."
        case .incomplete(let scheme): "The offer of '\(scheme)' lacks what a payment needs."
        case .coin(let network): "The offer is in the coin of \(network), which this wallet cannot reach."
        }
    }
    var remedy: String? {
        switch self {
        case .incomplete: "Tell whoever runs the server."
        case .coin: "Name the chain's endpoint with --rpc, and its contracts with --contracts."
        case .unwanted: "Leave --scheme away, or name one that is offered."
        }
    }
}
