// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingExactScheme
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402

/// Why a facilitator does not do what it was asked: x402's word for it, and ours.
struct FacilitatorRefusal: Error, Hashable {
    let code: FacilitatorCode
    var message: String?
    var payer: Address?

    init(_ code: FacilitatorCode, _ message: String? = nil, payer: Address? = nil) {
        self.code = code
        self.message = message
        self.payer = payer
    }

    init(_ refusal: VoucherChannel.Refusal, payer: Address?) {
        self.init(FacilitatorCode(rawValue: refusal.code), refusal.message, payer: payer)
    }

    init(_ refusal: ExactPayment.Refusal, payer: Address?) {
        self.init(FacilitatorCode(rawValue: refusal.code), refusal.message, payer: payer)
    }

    /// What a settlement says, under the word for the step at which it said so.
    ///
    /// Trouble with the settlement itself is told as such, so that nobody takes it for a bad payment.
    init(_ error: SettlementError, at step: FacilitatorCode, payer: Address?) {
        switch error {
        case .unavailable, .cancelled:
            self.init(.stateUnavailable, "The settlement cannot be reached.", payer: payer)
        case .insufficientBalance: self.init(.insufficientBalance, error.message, payer: payer)
        default: self.init(step, error.message, payer: payer)
        }
    }

    /// Whoever asks to have a refund signed has not proved to be the payee.
    static let unprovenPayee = FacilitatorCode(rawValue: "facilitator_unproven_payee")
    /// A token is none of those that are settled here.
    static let foreignToken = FacilitatorCode(rawValue: "facilitator_foreign_token")
    /// We settle at our own cost, and for everybody only so much.
    static let rateLimited = FacilitatorCode(rawValue: "facilitator_rate_limited")
}
