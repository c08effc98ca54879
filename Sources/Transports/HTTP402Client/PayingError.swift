// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Why a request was not paid for, or not answered although it was.
public enum PayingError: ExplainedError {
    case badURL(String)
    case unreachable(host: String, reason: String)
    /// A 402 that does not say how to pay.
    case noOffer
    /// Where an offer was looked for, nothing is asked for, or nothing that the channel pays.
    case notSold(status: UInt)
    /// Offers were made, and none can be paid; each with the reason.
    case noneAcceptable([String], code: String?, remedy: String? = nil)
    // What a server may not do between its offer and the payment.
    case priceRaised(from: Amount, to: Amount)
    case receiverChanged(from: Address, to: Address)
    case offerWithdrawn
    /// One stretch of a stream costs more than all of it may.
    case streamTooDear(stretch: Amount, most: Amount)
    /// The server did not take the payment; the detail is in its own words, shortened and without controls.
    case refused(code: String, detail: String? = nil)
    /// The server waits for payments out of the same channel whose outcome is not known here.
    case underWay(Amount, code: String)
    /// The server tried to take the payment, and failed.
    case settlementFailed(code: String, message: String?)
    /// The payment was taken, but its answer is lost.
    case answerLost
    /// Nobody knows whether the payment was taken.
    case outcomeUnknown(reason: String)

    public var code: String {
        switch self {
        case .badURL: "payment.bad-url"
        case .unreachable: "payment.unreachable"
        case .noOffer, .notSold: "payment.no-offer"
        case .noneAcceptable(_, let code, _): code ?? "payment.none-acceptable"
        case .priceRaised: "payment.price-raised"
        case .receiverChanged: "payment.receiver-changed"
        case .offerWithdrawn: "payment.offer-withdrawn"
        case .streamTooDear: "payment.stream-too-dear"
        case .refused: "payment.refused"
        case .underWay: "payment.under-way"
        case .settlementFailed: "payment.settlement-failed"
        case .answerLost: "payment.answer-lost"
        case .outcomeUnknown: "payment.outcome-unknown"
        }
    }

    public var message: String {
        switch self {
        case .badURL(let url):
            "'\(url)' is no address that can be paid: it must be http:// or https:// and a host, a peer's "
                + "address such as /ip4/192.0.2.7/tcp/4001/p2p/ID/http-path/PATH, libp2p://ID/PATH, or "
                + "gun://RELAY/gun/~KEY/PATH."
        case .unreachable(let host, let reason): "\(host) cannot be reached: \(reason.unended)."
        case .noOffer: "The server asks for a payment (402) and does not say how."
        case .notSold(402): "The server makes no offer there that the channel pays."
        case .notSold(let status): "The server answered \(status) there, and asked for no payment."
        case .noneAcceptable(let reasons, _, _):
            reasons.isEmpty
                ? "The server asks for a payment, in no way that is known here."
                : "None of the server's offers can be paid: \(reasons.joined(separator: " "))"
        case .priceRaised(let from, let to): "The server offered \(from) and then asked for \(to)."
        case .receiverChanged(let from, let to): "The server wants to be paid at \(to); before, it was \(from)."
        case .offerWithdrawn: "The server no longer makes the offer that it was paid by."
        case .streamTooDear(let stretch, let most):
            "One stretch of the stream costs \(stretch), and all of it may cost \(most) at most: nothing was paid."
        case .refused(let code, let detail):
            "The server did not take the payment: \(code).\(detail.map { " It says: \"\($0)\"" } ?? "")"
        case .underWay(let amount, let code):
            "A payment of \(amount) units to this server is still under way, or its outcome is not known: the server "
                + "takes no other out of the same channel (\(code))."
        case .settlementFailed(let code, let message):
            "The server could not take the payment: \(code)\(message.map { ": \($0)" } ?? ".")"
        case .answerLost: "The payment was taken, but its answer is lost, and the server does not give it again."
        case .outcomeUnknown(let reason): "It is not known whether the payment was taken: \(reason)."
        }
    }

    public var remedy: String? {
        switch self {
        case .refused(let code, _) where code.hasSuffix("insufficient_balance"):
            "The account holds too little for the deposit, on the ledger or chain that the server settles on: send "
                + "money to it there."
        case .refused("invalid_prepaid_deposit", _):
            "The contract would not lock the deposit. Most often the account holds too little for it, on the ledger or "
                + "chain that the server settles on: send money to it there. With --ledger or --rpc that is looked at "
                + "before anything is signed."
        case .refused(let code, _) where code.hasSuffix("deposit_below_min_deposit"):
            "The server takes no deposit as small as the spending policy allows: raise depositPerChannel. What was "
                + "signed is offered again until it is out of date, most often within a minute; after that a new "
                + "deposit is made."
        case .badURL, .refused, .settlementFailed: nil
        case .unreachable: "No payment was sent. Try again when what is wrong there is mended."
        case .underWay: "Wait until it is answered and ask again, or find out: farthing wallet reconcile."
        case .noOffer: "It may speak another protocol than x402 version 2."
        case .notSold: "Ask where the channel was paid out of before: farthing wallet refund takes it with --url."
        case .noneAcceptable(_, _, let remedy): remedy ?? "See the spending policy, or pay by other means."
        case .priceRaised, .offerWithdrawn: "Ask again, and look at the new price."
        case .streamTooDear: "Allow at least the price of one stretch for the stream, or ask for a cheaper one."
        case .receiverChanged:
            "If that is right, ask again with --accept-new-receiver (PayingClient.Options.acceptsNewReceivers). A policy "
                + "that names 'receivers' must name it too."
        case .answerLost: "Ask again if it is worth paying again."
        case .outcomeUnknown: "The next payment to this server, or a reconciliation, finds out; nothing is paid twice."
        }
    }
}
