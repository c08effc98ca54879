// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Why a spending policy forbids a payment.
@nonexhaustive
public enum PolicyRefusal: ExplainedError, Hashable {
    case hostDenied(String)
    case hostNotAllowed(String)
    case notEncrypted(host: String)
    case network(Network, AccessFault)
    case token(TokenPattern, AccessFault)
    /// No list forbids the token, but there are no limits for it either.
    case tokenWithoutLimits(TokenPattern)
    case receiver(Address)
    case perRequest(LimitExcess)
    case perMinute(LimitExcess)
    case perHostPerDay(LimitExcess)
    case perDay(LimitExcess)
    case perHost(LimitExcess)
    case total(LimitExcess)
    case depositPerChannel(LimitExcess)
    case depositInAll(LimitExcess)
    /// An offer wants money locked for longer than ``SpendingPolicy/longestLockDays``.
    case lockedTooLong(days: UInt64, most: Int)
    /// A person was asked and did not say yes; made by whoever asked.
    case notApproved([Question])

    public var code: String {
        switch self {
        case .hostDenied: "policy.host-denied"
        case .hostNotAllowed: "policy.host-not-allowed"
        case .notEncrypted: "policy.not-encrypted"
        case .network: "policy.network"
        case .token, .tokenWithoutLimits: "policy.token"
        case .receiver: "policy.receiver"
        case .perRequest: "policy.per-request"
        case .perMinute: "policy.per-minute"
        case .perHostPerDay: "policy.per-host-per-day"
        case .perDay: "policy.per-day"
        case .perHost: "policy.per-host"
        case .total: "policy.total"
        case .depositPerChannel: "policy.deposit-per-channel"
        case .depositInAll: "policy.deposits-in-all"
        case .lockedTooLong: "policy.locked-too-long"
        case .notApproved: "policy.not-approved"
        }
    }

    public var message: String {
        switch self {
        case .hostDenied(let host): "hosts.deny forbids paying \(host)."
        case .hostNotAllowed(let host): "hosts.allow does not list \(host)."
        case .notEncrypted(let host): "requiresEncryption is set, but \(host) is reached without HTTPS."
        case .network(let network, .denied): "networks.deny forbids paying on \(network)."
        case .network(let network, .notAllowed): "networks.allow does not list \(network)."
        case .token(let token, .denied): "tokens.deny forbids paying in \(token)."
        case .token(let token, .notAllowed): "tokens.allow does not list \(token)."
        case .tokenWithoutLimits(let token):
            "tokenLimits has no limits for \(token), and it is no token known to be worth a dollar."
        case .receiver(let receiver): "receivers does not list \(receiver)."
        case .perRequest(let excess):
            "\(excess.member) is \(excess.shownLimit), but the request may cost \(excess.shownAsked)."
        case .perMinute(let excess): Self.message(excess, spent: "in the last minute")
        case .perHostPerDay(let excess): Self.message(excess, spent: "at this host in the last 24 hours")
        case .perDay(let excess): Self.message(excess, spent: "in the last 24 hours")
        case .perHost(let excess): Self.message(excess, spent: "at this host")
        case .total(let excess): Self.message(excess, spent: "in all")
        case .depositPerChannel(let excess):
            "\(excess.member) is \(excess.shownLimit), but the channel would hold \(excess.shownAsked)."
        case .depositInAll(let excess):
            "\(excess.member) is \(excess.shownLimit), but \(excess.shownBefore) lies in channels already, "
                + "and the deposit is \(excess.shownAsked)."
        case .lockedTooLong(let days, let most):
            "longestLockDays is \(most), but the offer wants money locked for \(days) days."
        case .notApproved(let questions):
            "\(Self.list(questions.map(\.member), with: "and")) demanded approval, but nobody gave it."
        }
    }

    public var remedy: String? {
        switch self {
        case .hostDenied: "Take the host out of hosts.deny if it is to be paid."
        case .hostNotAllowed: "Add the host to hosts.allow if it is to be paid."
        case .notEncrypted: "Use an https URL, or set requiresEncryption to false."
        case .network(_, .denied): "Take the network out of networks.deny if it is to be used."
        case .network(_, .notAllowed): "Add the network to networks.allow if it is to be used."
        case .token(_, .denied): "Take the token out of tokens.deny if it is to be used."
        case .token(_, .notAllowed): "Add the token to tokens.allow if it is to be used."
        case .tokenWithoutLimits: "Set limits for the token in tokenLimits if it is to be used."
        case .receiver: "Add the receiver to receivers if it is to be paid."
        case .perRequest(let excess): "Raise \(excess.member), or the maximum price if one was given for the request."
        case .perMinute(let excess): "Wait a minute, or raise \(excess.member)."
        case .perHostPerDay(let excess), .perDay(let excess): "Wait up to a day, or raise \(excess.member)."
        case .perHost(let excess), .total(let excess): "Raise \(excess.member)."
        case .depositPerChannel(let excess): "Raise \(excess.member), or set a lower depositTarget beside it."
        case .depositInAll(let excess): "Take back what lies in other channels, or raise \(excess.member)."
        case .lockedTooLong: "Pay another way, or raise longestLockDays."
        case .notApproved(let questions):
            "Approve it when asked, or change \(Self.list(questions.map(\.member), with: "or"))."
        }
    }

    private static func message(_ excess: LimitExcess, spent: String) -> String {
        "\(excess.member) is \(excess.shownLimit), but \(excess.shownBefore) was spent \(spent), "
            + "and the request may cost \(excess.shownAsked)."
    }

    private static func list(_ names: [String], with word: String) -> String {
        guard let last = names.last else { return "the policy" }
        let others = names.dropLast()
        return others.isEmpty ? last : others.joined(separator: ", ") + " \(word) \(last)"
    }
}
