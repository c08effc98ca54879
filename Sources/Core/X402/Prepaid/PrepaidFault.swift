// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Why a payment was refused before any channel looked at it.
public enum PrepaidFault: ExplainedError, Hashable {
    case payloadType(String)
    case payload(field: String)
    /// The terms are not those of the offer.
    case terms(field: String)
    case channelNotFound(ChannelID)
    /// No fault: the payer asked how the channel stands, and the offer shows it.
    case stateAsked(ChannelID)
    /// It costs the payee more to hand it in than it may bring.
    case depositBelowMinimum(deposit: Amount, minimum: Amount)
    /// The payee has handed in many deposits of this payer within an hour.
    case depositsTooOften(payer: Address, perHour: Int)
    /// The contract would not take the deposit.
    case deposit(code: String, message: String)

    /// What a 402 calls the answer to a question.
    public static let stateCode = "prepaid_channel_state"

    public var code: String {
        switch self {
        case .payloadType: "invalid_prepaid_payload_type"
        case .payload: "invalid_prepaid_payload"
        case .terms: "invalid_prepaid_terms"
        case .channelNotFound: "invalid_prepaid_channel_not_found"
        case .stateAsked: Self.stateCode
        case .depositBelowMinimum: "invalid_prepaid_deposit_below_minimum"
        case .depositsTooOften: "invalid_prepaid_deposits_too_often"
        case .deposit: "invalid_prepaid_deposit"
        }
    }

    public var message: String {
        switch self {
        case .payloadType(let type): "The payload's type '\(type)' is none of payment, open, state and close."
        case .payload(let field): "The payload's \(field) is missing, or cannot be read."
        case .terms(let field): "The channel's \(field) is not what was offered."
        case .channelNotFound(let id): "There is no channel \(id)."
        case .stateAsked(let id): "The offer shows how channel \(id) stands; nothing was charged."
        case .depositBelowMinimum(let deposit, let minimum): "The deposit is \(deposit); the least is \(minimum)."
        case .depositsTooOften(let payer, let perHour):
            "\(perHour) deposits of \(payer) were handed in within an hour, and that is the most."
        case .deposit(let code, let message): "\(message) (\(code))"
        }
    }

    public var remedy: String? {
        switch self {
        case .channelNotFound: "Open a channel with the payment."
        case .terms: "Open a channel on the terms of the offer."
        case .depositBelowMinimum: "Deposit more at once."
        case .depositsTooOften: "Deposit more at once, wait, or hand the deposit in at the contract."
        default: nil
        }
    }
}
