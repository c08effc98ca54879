// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

extension VoucherChannel.Refusal {
    public var message: String {
        switch self {
        case .payloadType(let type): "A payment of type '\(type)' is not known here."
        case .payload(let kind, let field): "The \(kind.rawValue) cannot be read: '\(field)' is missing or malformed."
        case .channelIDInvalid: "The channel id is not 0x and 64 hexadecimal digits."
        case .channelIDMismatch(let sent, let computed): "The terms give channel \(computed), not \(sent)."
        case .receiverMismatch(let sent, let offered): "The channel pays \(sent); the offer asks for \(offered)."
        case .receiverAuthorizerMismatch(let sent, let offered):
            "The channel names \(sent) as the receiver's authorizer; the offer asks for \(offered)."
        case .missingPayerAuthorizer: "The channel names no key that signs its vouchers ('payerAuthorizer' is zero)."
        case .tokenMismatch(let sent, let offered): "The channel holds token \(sent); the offer asks for \(offered)."
        case .withdrawDelayMismatch(let sent, let offered):
            "The channel's withdrawal delay is \(sent) s; the offer asks for \(offered) s."
        case .withdrawDelayOutOfRange(let sent): "A withdrawal delay of \(sent) s is outside 900–2592000 s."
        case .voucherSignature(let trouble): "The voucher's signature \(trouble.text)."
        case .depositSignature(let trouble): "The deposit's signature \(trouble.text)."
        case .authorizationRequired: "The deposit carries no EIP-3009 authorisation."
        case .permit2Required: "The deposit carries no authorisation for Permit2."
        case .permit2Spender(let sent, let collector): "Permit2 is to pay \(sent); deposits go by \(collector)."
        case .permit2Amount(let permitted, let deposit):
            "Permit2 may take \(permitted), and the deposit is \(deposit)."
        case .permit2Expired(let deadline, let now):
            "Permit2 takes the deposit until \(deadline), and it is \(now.unixSeconds) (Unix seconds)."
        case .permit2Signature(let trouble): "The signature for Permit2 \(trouble.text)."
        case .authorizationNotYetValid(let after, let now):
            "The deposit is valid after \(after), and it is \(now.unixSeconds) (Unix seconds)."
        case .authorizationExpired(let before, let now):
            "The deposit is valid before \(before), and it is \(now.unixSeconds) (Unix seconds)."
        case .insufficientBalance(let has?, let needs): "The payer holds \(has), and the deposit is \(needs)."
        case .insufficientBalance(nil, let needs): "The payer holds less than the deposit of \(needs)."
        case .depositBelowMinimum(let deposit, let minimum): "The deposit is \(deposit); the least is \(minimum)."
        case .depositSimulationFailed(let error): "The deposit would fail: \(error.message)"
        case .depositFailed(let error): "The deposit failed: \(error.message)"
        case .turnedDown(let error): error.message
        case .channelNotFound: "Nothing is deposited in this channel."
        case .cumulativeMismatch(let signed, let charged, let price):
            "The voucher totals \(signed); \(charged) was charged before and \(price) is due."
        case .aheadMismatch(let signed, let charged, let due, let floor, let top):
            """
            The voucher totals \(signed); \(charged) was charged before, \(due) is due with what is in flight, and it \
            must be above \(floor), at most \(top), and not seen before.
            """
        case .exceedsBalance(let signed, let balance): "The voucher totals \(signed); the channel covers \(balance)."
        case .belowClaimed(let signed, let claimed): "The voucher totals \(signed); \(claimed) was claimed already."
        case .chargeExceedsCeiling(let charge, let ceiling): "A charge of \(charge) goes above \(ceiling)."
        case .busy: "Another request on this channel is being answered."
        case .reservationLost: "The request took longer than its payment was set aside for."
        case .refundAmountInvalid: "The amount to refund is not a whole number above zero."
        case .refundNoBalance(let asked?, let refundable): "A refund of \(asked) was asked for; \(refundable) is left."
        case .refundNoBalance(nil, let refundable): "There is nothing to refund: \(refundable) is left."
        case .refundFailed(let error): "The refund failed: \(error.message)"
        case .depositsTooOften(let perHour, nil, let seconds):
            "A payer's deposits are handed in \(perHour) times an hour here; the next one can be in \(seconds) s."
        case .depositsTooOften(let perHour, let least?, let seconds):
            "Of less than \(least) each, \(perHour) deposits of a payer are handed in an hour; wait \(seconds) s."
        case .refundsTooOften(let perHour, nil, let seconds):
            "A payer gets \(perHour) refunds an hour here; the next one can be had in \(seconds) s."
        case .refundsTooOften(let perHour, let least?, let seconds):
            "Of parts below \(least) a payer gets \(perHour) an hour here; the next one can be had in \(seconds) s."
        }
    }

    public var remedy: String? {
        switch self {
        case .payloadType: "Send a deposit, a voucher or a refund."
        case .payload, .channelIDInvalid: "Send the members that x402's batch-settlement describes."
        case .channelIDMismatch: "Compute the id from the terms that you send, for this network."
        case .receiverMismatch, .receiverAuthorizerMismatch, .tokenMismatch, .withdrawDelayMismatch:
            "Open a channel on the terms of the offer."
        case .missingPayerAuthorizer: "Open a channel whose 'payerAuthorizer' is the address of the key that signs."
        case .withdrawDelayOutOfRange: "Choose a delay from 15 minutes through 30 days."
        case .voucherSignature, .depositSignature, .permit2Signature:
            "Sign with the key of the channel; 65 bytes, v 27 or 28, low s."
        case .authorizationRequired, .authorizationNotYetValid, .authorizationExpired, .permit2Required,
            .permit2Spender, .permit2Amount, .permit2Expired:
            "Sign a new authorisation."
        case .insufficientBalance: "Fund the payer's account, or deposit less."
        case .depositBelowMinimum: "Deposit more at once."
        case .depositSimulationFailed(let error), .depositFailed(let error), .refundFailed(let error): error.remedy
        case .turnedDown(let error): error.remedy
        case .channelNotFound: "Deposit first."
        case .cumulativeMismatch: "Sign what was charged so far plus the price of this request."
        case .aheadMismatch: "Wait for the requests in flight, then sign what was charged plus the price."
        case .exceedsBalance: "Top the channel up."
        case .belowClaimed: "Read the channel from the ledger and start from what was claimed."
        case .chargeExceedsCeiling: nil
        case .busy: "Send the requests of one channel one after the other, or open another channel."
        case .reservationLost: "Send the request again; nothing was charged."
        case .refundAmountInvalid: "Leave the amount out to get back all that is left."
        case .refundNoBalance: "Ask for less."
        case .depositsTooOften: "Deposit more at once, wait, or hand the deposit in at the contract."
        case .refundsTooOften(_, nil, _): "Ask again then, or withdraw what is left, which needs no payee."
        case .refundsTooOften: "Ask for more at once, or for all that is left."
        }
    }
}

extension VoucherChannel.SignatureTrouble {
    fileprivate var text: String {
        switch self {
        case .malformed(.length(let count)): "has \(count) bytes instead of 65"
        case .malformed(.recoveryByte(let v)): "ends in v = \(v); only 27 and 28 are accepted on chain"
        case .malformed(.outOfRange): "has an r or s outside the curve's order"
        case .malformed(.highS): "has a high s, which contracts refuse"
        case .foreign: "was not made by the channel's signer over this content"
        }
    }
}
