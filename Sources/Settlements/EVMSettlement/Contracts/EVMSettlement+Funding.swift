// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
public import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives
internal import Synchronization

extension EVMSettlement {
    /// Locks money in a channel, and waits until it counts.
    ///
    /// The same authorisation a second time answers with the first transaction.
    public func fund<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, with funding: Funding
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        let place = try place(rules)
        let channel = terms.channelID(in: place.domain)
        let leave = try await authorization(for: funding, terms, channel, place)
        known.withLock { $0.remember(terms, of: channel) }
        if try await settled({ () async throws(SettlementError) in try await isUsed(leave) }) {
            return try await earlier(leave, terms, channel, place)
        }
        do throws(ContractError) {
            try await settled { () async throws(SettlementError) in try await check(leave) }
        } catch .settlement(.authorizationUsed) {
            // Somebody else was faster by a moment.
            return try await earlier(leave, terms, channel, place)
        }
        let payouts: [Payout]
        do throws(ContractError) {
            payouts = try await self.payouts(of: funding.amount, by: funding.payer, terms, channel, place)
        } catch {
            // The rules may refuse because it was mined in this very moment.
            guard case .refused = error,
                try await settled({ () async throws(SettlementError) in try await isUsed(leave) })
            else { throw error }
            return try await earlier(leave, terms, channel, place)
        }
        switch await outcome(of: place.form.funding(terms, funding), at: place.domain.contract) {
        case .success(let mined) where mined.funds(channel, by: leave, place):
            let paid = mined.payouts(from: place.domain.contract, in: terms.token)
            return ContractReceipt(
                transaction: mined.id, payouts: Self.told(payouts, paid, in: terms.token),
                snapshot: try await funded(terms, channel, place), height: mined.height)
        // Where somebody else came first, the contract has done nothing.
        case .success: return try await earlier(leave, terms, channel, place)
        case .failure(.reverted(let data)):
            // Somebody else, or we before a restart, may have handed the same in meanwhile.
            if try await settled({ () async throws(SettlementError) in try await isUsed(leave) }) {
                return try await earlier(leave, terms, channel, place)
            }
            throw refusal(data, terms, channel, place)
        case .failure(let fault): throw .settlement(fault.settlementError(at: reader.host))
        }
    }

    private func outcome(of call: [UInt8], at contract: Address) async -> Result<MinedTransaction, SendingFault> {
        do throws(SendingFault) { return .success(try await dispatch(call, to: contract)) } catch {
            return .failure(error)
        }
    }

    /// What can be said of a deposit without looking at its channel.
    private func authorization<Rules>(
        for funding: Funding, _ terms: Rules.Terms, _ channel: ChannelID, _ place: ContractPlace<Rules>
    ) async throws(ContractError) -> Authorization {
        // Nobody can sign the chain's coin away.
        guard !Token.isCoin(terms.token) else {
            throw .settlement(terms.token == .zero ? .invalidTerms : .unknownToken(terms.token))
        }
        let token = try await check(terms, funding.amount, place)
        let leave = funding.authorization
        let digest = place.domain.depositDigest(funding.unsigned, on: terms, token: token.domain)
        guard leave.signature.isBy(funding.payer, over: digest) else { throw .settlement(.authorizationSignature) }
        return Authorization(
            token: terms.token, payer: funding.payer, amount: funding.amount, validAfter: leave.validAfter,
            validBefore: leave.validBefore, nonce: SettlementDomain.depositNonce(channel: channel, salt: leave.salt),
            digest: digest, signature: leave.signature)
    }

    /// Whether anybody can have a channel on these terms here, and with what it is paid.
    func check<Rules>(
        _ terms: Rules.Terms, _ amount: Amount, _ place: ContractPlace<Rules>
    ) async throws(ContractError) -> Token {
        let ours = Set(contracts.contracts.values).union([.zero, domain.contract, terms.token])
        guard !terms.parties.contains(where: ours.contains) else { throw .settlement(.invalidTerms) }
        guard !amount.isZero else { throw .settlement(.zeroAmount) }
        let facts = try await asked { () async throws(EndpointFault) -> ContractFacts in
            try await self.facts(place, at: try await reader.newestBlock())
        }
        let token = try await settled { () async throws(SettlementError) -> Token? in
            try await self.token(terms.token)
        }
        guard let token, facts.token == nil || facts.token == terms.token else {
            throw .settlement(.unknownToken(terms.token))
        }
        guard place.form.isOf(terms, facts) else { throw .settlement(.invalidTerms) }
        return token
    }

    /// What of a deposit goes elsewhere at once; throws what the rules have against it.
    func payouts<Rules: ContractRules>(
        of amount: Amount, by payer: Address, _ terms: Rules.Terms, _ channel: ChannelID, _ place: ContractPlace<Rules>
    ) async throws(ContractError) -> [Payout] {
        let (state, context) = try await asked { () async throws(EndpointFault) -> (Rules, ContractContext) in
            let view = view(of: channel, in: place.domain, at: try await reader.newestBlock())
            let state = try await place.form.state(terms, view) ?? Rules(terms)
            return (state, try await self.context(for: state, view, place))
        }
        var next = state
        do throws(Rules.Refusal) { return try next.fund(amount, by: payer, in: context) } catch {
            throw .refused(ContractRefusal(error))
        }
    }

    /// The receipt of a deposit that was made before, if its authorisation went into just this channel.
    private func earlier<Rules>(
        _ leave: Authorization, _ terms: Rules.Terms, _ channel: ChannelID, _ place: ContractPlace<Rules>
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        let mined = try await settled { () async throws(SettlementError) in try await transaction(using: leave) }
        guard let mined else {
            throw .settlement(.unavailable(reason: "the deposit is not deep enough in the chain yet"))
        }
        // Two authorisations of different content may carry one nonce.
        guard mined.funds(channel, by: leave, place) else {
            throw .settlement(.authorizationUsed)
        }
        return ContractReceipt(
            transaction: mined.id, payouts: [], snapshot: try await funded(terms, channel, place), height: mined.height)
    }

    /// How a channel stands after a deposit.
    func funded<Rules>(
        _ terms: Rules.Terms, _ channel: ChannelID, _ place: ContractPlace<Rules>
    ) async throws(ContractError) -> ContractSnapshot<Rules> {
        try await asked { () async throws(EndpointFault) in
            let block = try await reader.newestBlock()
            return try await snapshot(of: channel, terms, place, at: block)
                ?? ContractSnapshot(state: Rules(terms), block: block)
        }
    }
}

extension MinedTransaction {
    /// Whether just this authorisation brought money into a channel.
    fileprivate func funds<Rules>(
        _ channel: ChannelID, by leave: Authorization, _ place: ContractPlace<Rules>
    ) -> Bool {
        let contract = place.domain.contract
        let isTold = logs.contains { log in
            log.contract == contract && log.topics.count > 1 && place.form.fundingTopics.contains(log.topics[0])
                && log.topics[1] == channel.hash
        }
        return isTold
            && logs.contains {
                $0.contract == leave.token
                    && $0.payout(from: leave.payer, in: leave.token)
                        == Payout(to: contract, leave.amount)
            }
    }
}
