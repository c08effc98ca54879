// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension SpendingPolicy {
    /// Whether a payment is within this policy, given what was spent before it.
    ///
    /// The rules are looked at in this order, and the first that refuses decides: `hosts.deny`, `hosts.allow`,
    /// `requiresEncryption`, `networks`, `tokens`, a token without limits, `receivers`, `perRequest`, `perMinute`,
    /// `perHostPerDay`, `perDay`, `perHost`, `total`, `depositPerChannel`, `depositInAll`. Only when none refuses are
    /// the questions put together: `askForNewHosts`, `askAbove`, `askForDepositsAbove`.
    ///
    /// The two rules on deposits are for payments that make one: what lies in a channel already may be spent, however
    /// much it is.
    ///
    /// - Parameter totals: In the network and the token of the intent, without the intent itself.
    public func evaluate(_ intent: PaymentIntent, after totals: SpendingTotals) -> Verdict {
        do throws(PolicyRefusal) {
            try checkHost(of: intent)
            let (member, limits) = try checkToken(of: intent)
            let check = LimitCheck(member: member, limits: limits)
            try check.spending(intent.price, after: totals)
            try check.locking(intent, after: totals)
            let questions =
                (asksForNewHosts && !totals.hostIsKnown ? [Question.newHost(intent.host)] : [])
                + check.questions(about: intent)
            return questions.isEmpty ? .allowed : .ask(questions)
        } catch {
            return .refused(error)
        }
    }

    private func checkHost(of intent: PaymentIntent) throws(PolicyRefusal) {
        let matches: (HostPattern) -> Bool = { $0.matches(intent.host, isEncrypted: intent.isEncrypted) }
        switch hosts.fault(matches) {
        case .denied: throw .hostDenied(intent.host)
        case .notAllowed: throw .hostNotAllowed(intent.host)
        case nil: break
        }
        guard intent.isEncrypted || !requiresEncryption || HostName(intent.host).isLoopback else {
            throw .notEncrypted(host: intent.host)
        }
    }

    private func checkToken(
        of intent: PaymentIntent
    ) throws(PolicyRefusal) -> (member: String, limits: SpendingLimits) {
        if let fault = networks.fault({ $0 == intent.network }) { throw .network(intent.network, fault) }
        let token = TokenPattern(network: intent.network, address: intent.asset)
        if let fault = tokens.fault({ $0.matches(intent.asset, on: intent.network) }) { throw .token(token, fault) }
        guard let limits = limits(of: intent.asset, on: intent.network) else { throw .tokenWithoutLimits(token) }
        guard receivers?.contains(intent.receiver) ?? true else { throw .receiver(intent.receiver) }
        return limits
    }
}
