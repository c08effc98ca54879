// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
internal import FarthingEncodings
public import FarthingPrimitives
internal import FarthingStacks

/// Hash chains and two-way channels; there are no contracts for the rules of other schemes.
extension StacksSettlement: ContractSettlement {
    /// A node tells of none.
    public var tellsChanges: Bool { false }

    public func contractDomain(of kind: ContractKind) -> ContractDomain? {
        registry.contracts[kind].flatMap { ContractDomain(kind, stacks: $0) }
    }

    public func contract<Rules: ContractRules>(
        _ rules: Rules.Type, of channel: ChannelID
    ) async throws(ContractError) -> ContractSnapshot<Rules>? {
        let place = try place(rules)
        let block = try await moved { () async throws(SettlementError) in try await head() }
        return try await state(of: channel, in: place).map { ContractSnapshot(state: $0, block: block) }
    }

    public func contracts<Rules: ContractRules>(
        _ rules: Rules.Type, fundedBy payer: Address, since block: UInt64
    ) async throws(ContractError) -> [FundedContract] {
        let place = try place(rules)
        return try await moved { () async throws(SettlementError) in
            try await openings(of: payer, in: place.contract, since: block) { _ in }
        }
    }

    public func fund<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, with funding: Funding
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        let place = try place(rules)
        let channel = terms.channelID(in: place.domain)
        let signed = try transaction(of: funding, on: terms, in: place)
        // Of what is awaited already, the state may show what it did before it is known that it was done.
        let isAwaitedBefore = isAwaited(signed)
        let known = try await contract(rules, of: channel)
        let leave = funding.authorization
        let canBeMade = try await moved { () async throws(SettlementError) -> Bool in try await isOpen(signed) }
        if canBeMade {
            let block = try await moved { () async throws(SettlementError) in try await head() }
            let context = ContractContext(domain: place.domain, channel: channel, block: block)
            if !isAwaited(signed) {
                try await moved { () async throws(SettlementError) in try checkTime(of: leave) }
                var state = known?.state ?? Rules(terms)
                do throws(Rules.Refusal) {
                    _ = try state.fund(funding.amount, by: funding.payer, in: context)
                } catch { throw .refused(ContractRefusal(error)) }
                try await moved { () async throws(SettlementError) in
                    try await checkAccount(
                        funding.payer, has: funding.amount, of: terms.token, number: leave.validAfter)
                }
            }
            let id = try await moved { () async throws(SettlementError) in
                try await handIn(signed, leave) { place.refusal($0) }
            }
            guard let after = try await contract(rules, of: channel), place.isIn(funding, after.state),
                isAwaitedBefore || after.state != known?.state
            else { throw .settlement(Self.unseen) }
            return ContractReceipt(transaction: id, payouts: [], snapshot: after)
        }
        // The number is used. What the channel holds says whether by this, also where that came a moment ago.
        guard let holding = try await contract(rules, of: channel), place.isIn(funding, holding.state) else {
            throw .settlement(.authorizationUsed)
        }
        try await moved { () async throws(SettlementError) in try await waitForDepth(of: signed) }
        guard let now = try await contract(rules, of: channel), place.isIn(funding, now.state) else {
            throw .settlement(.authorizationUsed)
        }
        return ContractReceipt(transaction: nil, payouts: [], snapshot: now)
    }

    public func carryOut<Rules: ContractRules>(
        _ order: Rules.Order, on channel: ChannelID, under rules: Rules.Type
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        let place = try place(rules)
        guard let before = try await contract(rules, of: channel) else { throw .unknownChannel(channel) }
        var after = before.state
        let payouts: [Payout]
        do throws(Rules.Refusal) {
            payouts = try after.carryOut(
                order, in: ContractContext(domain: place.domain, channel: channel, block: before.block))
        } catch { throw .refused(ContractRefusal(error)) }
        guard after != before.state else {
            return ContractReceipt(transaction: nil, payouts: [], snapshot: before)
        }
        let calls = place.calls(order, on: channel, before.state)
        if let call = calls.last, isEarly(call) { throw .settlement(place.tooEarly) }
        let moves = Self.atMost(before.state.locked, of: before.state.terms.token, from: place.contract)
        let (id, answer) = try await moved { () async throws(SettlementError) in
            try await carryOut(calls, moves: moves)
        }
        guard answer.isOK else {
            let refusal = answer.error.map { place.refusal($0) } ?? Self.failure(answer)
            if let call = calls.last, refusal == place.tooEarly { cameEarly(call) }
            throw .settlement(refusal)
        }
        guard let now = try await contract(rules, of: channel), now.state != before.state else {
            throw .settlement(Self.unseen)
        }
        // The calls before the last have changed something too, so it must show that nothing is left to do.
        if calls.count > 1 {
            var again = now.state
            let context = ContractContext(domain: place.domain, channel: channel, block: now.block)
            guard (try? again.carryOut(order, in: context)) == nil || again == now.state else {
                throw .settlement(Self.unseen)
            }
        }
        return ContractReceipt(transaction: id, payouts: payouts, snapshot: now)
    }

    // MARK: - Steps

    private func place<Rules: ContractRules>(
        _ rules: Rules.Type
    ) throws(ContractError) -> any StacksCalls<Rules> {
        guard let contract = registry.contracts[Rules.kind], let domain = contractDomain(of: Rules.kind) else {
            throw .unavailable(Rules.kind)
        }
        let all: [any StacksCalls] = [
            HashChainCalls(contract: contract, domain: domain, registry: registry),
            TwoWayCalls(contract: contract, domain: domain, registry: registry),
        ]
        for calls in all { if let calls = calls as? any StacksCalls<Rules> { return calls } }
        throw .unavailable(Rules.kind)
    }

    private func state<Rules: ContractRules>(
        of channel: ChannelID, in place: any StacksCalls<Rules>
    ) async throws(ContractError) -> Rules? {
        let fields = try await moved { () async throws(SettlementError) in
            try await channelFields(channel, in: place.contract)
        }
        guard let fields else { return nil }
        guard let state = place.state(fields) else {
            throw .settlement(StacksNodeFault.malformed("a channel cannot be read").settlementError)
        }
        return state
    }

    /// The transaction that the payer signed, once what needs no chain is found right.
    private func transaction(
        of funding: Funding, on terms: some ContractTerms, in place: any StacksCalls
    ) throws(ContractError) -> StacksTransaction {
        guard !(terms.parties + [funding.payer]).contains(.zero) else { throw .settlement(.invalidTerms) }
        guard !funding.amount.isZero else { throw .settlement(.zeroAmount) }
        guard let token = tokens[terms.token] else { throw .settlement(.unknownToken(terms.token)) }
        let leave = funding.authorization
        let digest = place.domain.depositDigest(funding.unsigned, on: terms, token: token.domain)
        let call = (terms as? any StacksTerms)?.fundingCall(funding.amount, in: place.contract)
        guard leave.signature.isBy(funding.payer, over: digest, as: .hash160),
            let unsigned = place.contract.deposit(
                of: funding.amount, in: terms.token, by: funding.payer, number: leave.validAfter, call)
        else { throw .settlement(.authorizationSignature) }
        return unsigned.signed(by: leave.signature)
    }

    private func moved<Answer>(
        _ body: () async throws(SettlementError) -> Answer
    ) async throws(ContractError) -> Answer {
        do throws(SettlementError) { return try await body() } catch { throw .settlement(error) }
    }
}
