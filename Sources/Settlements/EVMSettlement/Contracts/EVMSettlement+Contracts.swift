// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
internal import FarthingEncodings
public import FarthingPrimitives

extension EVMSettlement: ContractSettlement {
    public func contractDomain(of kind: ContractKind) -> ContractDomain? {
        contracts.contracts[kind].flatMap { ContractDomain(kind, on: contracts.network, at: $0) }
    }

    public func challengeBlocks(of kind: ContractKind) async throws(ContractError) -> UInt64? {
        guard let form = ChainForms.of(kind), let domain = contractDomain(of: kind) else { throw .unavailable(kind) }
        return try await challengeBlocks(form, in: domain)
    }

    private func challengeBlocks<Rules: ContractRules>(
        _ form: some ChainForm<Rules>, in domain: ContractDomain
    ) async throws(ContractError) -> UInt64? {
        let place = ContractPlace(form: form, domain: domain)
        let facts = try await asked { () async throws(EndpointFault) in
            try await self.facts(place, at: try await reader.newestBlock())
        }
        return facts.challengeBlocks == 0 ? nil : facts.challengeBlocks
    }

    /// A channel as it stands in the newest block; a deposit counts when it is deep enough in the chain.
    ///
    /// Contracts keep hashes of terms, not terms: those of a channel that was not opened here are found in the
    /// transaction of its deposit.
    public func contract<Rules: ContractRules>(
        _ rules: Rules.Type, of channel: ChannelID
    ) async throws(ContractError) -> ContractSnapshot<Rules>? {
        let place = try place(rules)
        return try await asked { () async throws(EndpointFault) in
            let block = try await reader.newestBlock()
            guard let terms = try await terms(of: channel, place, at: block) else { return nil }
            return try await snapshot(of: channel, terms, place, at: block)
        }
    }

    public func contracts<Rules: ContractRules>(
        _ rules: Rules.Type, fundedBy payer: Address, since block: UInt64
    ) async throws(ContractError) -> [FundedContract] {
        let place = try place(rules)
        let contract = place.domain.contract
        return try await asked { () async throws(EndpointFault) in
            let head = try await reader.chain.height(confirmations: sending.confirmations)
            let payer = ABI.Word.address(payer).bytes
            let logs = try await contractLogs.logs(
                [place.form.openingTopic, nil, payer], at: contract, since: block, through: head,
                most: reader.limits.maximumChannels)
            var found: [FundedContract] = []
            var seen: Set<ChannelID> = []
            for log in logs where seen.insert(ChannelID(log.topics[1])).inserted {
                // What was opened before may have been added to since.
                if block > 0 {
                    let earlier = try await contractLogs.newest(
                        [place.form.openingTopic, log.topics[1], payer], at: contract, through: block - 1)
                    guard earlier.isEmpty else { continue }
                }
                found.append(FundedContract(channel: ChannelID(log.topics[1]), openedIn: log.height))
            }
            return found
        }
    }

    // MARK: - Orders

    /// Carries out an order, when the rules allow it: what they refuse costs no gas.
    public func carryOut<Rules: ContractRules>(
        _ order: Rules.Order, on channel: ChannelID, under rules: Rules.Type
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        let place = try place(rules)
        var wasRefused = false
        var mined: [MinedTransaction] = []
        while true {
            let block = try await asked { () async throws(EndpointFault) in try await reader.newestBlock() }
            let view = view(of: channel, in: place.domain, at: block)
            let before = try await asked { () async throws(EndpointFault) -> Rules? in
                guard let terms = try await terms(of: channel, place, at: block) else { return nil }
                return try await place.form.state(terms, view)
            }
            guard let before else { throw .unknownChannel(channel) }
            let context = try await asked { () async throws(EndpointFault) -> ContractContext in
                try await self.context(for: before, view, place)
            }
            var after = before
            var payouts: [Payout]
            do throws(Rules.Refusal) { payouts = try after.carryOut(order, in: context) } catch {
                throw .refused(ContractRefusal(error))
            }
            if after == before {
                let isUnfinished = try await asked { () async throws(EndpointFault) in
                    try await place.form.isUnfinished(order, before, view)
                }
                guard isUnfinished else {
                    // Of several transactions one may have found that somebody else had come first.
                    return ContractReceipt(
                        transaction: mined.last?.id, payouts: paid(in: mined, before.terms, place),
                        snapshot: ContractSnapshot(state: before, block: block), height: mined.last?.height)
                }
                payouts = []
            }
            do throws(SendingFault) {
                for call in place.form.calls(order, before, in: place.domain) {
                    mined.append(try await dispatch(call, to: place.domain.contract))
                }
                return ContractReceipt(
                    transaction: mined.last?.id,
                    payouts: Self.told(payouts, paid(in: mined, before.terms, place), in: before.terms.token),
                    snapshot: try await state(of: channel, before, place), height: mined.last?.height)
            } catch .reverted(let data) {
                // Something else may have come first: then the rules say what is left to do, or why nothing is.
                if wasRefused { throw refusal(data, before.terms, channel, place) }
                wasRefused = true
            } catch { throw .settlement(error.settlementError(at: reader.host)) }
        }
    }

    private func paid<Rules>(
        in mined: [MinedTransaction], _ terms: Rules.Terms, _ place: ContractPlace<Rules>
    ) -> [Payout] { mined.flatMap { $0.payouts(from: place.domain.contract, in: terms.token) } }

    /// How a channel stands after a transaction.
    private func state<Rules>(
        of channel: ChannelID, _ before: Rules, _ place: ContractPlace<Rules>
    ) async throws(SendingFault) -> ContractSnapshot<Rules> {
        do throws(EndpointFault) {
            let block = try await reader.newestBlock()
            return try await snapshot(of: channel, before.terms, place, at: block)
                ?? ContractSnapshot(state: before, block: block)
        } catch { throw .endpoint(error) }
    }

    /// The payouts in the words of the rules, if that is what was paid; else as the chain tells them.
    ///
    /// Of its own coin a chain tells nothing.
    static func told(_ expected: [Payout], _ paid: [Payout], in token: Address) -> [Payout] {
        Token.isCoin(token) || sums(of: expected) == sums(of: paid) ? expected : paid
    }

    private static func sums(of payouts: [Payout]) -> [Address: Amount] {
        payouts.reduce(into: [:]) { $0[$1.receiver] = ($0[$1.receiver] ?? .zero).adding($1.amount) ?? .max }
    }

    /// What a contract's refusal means.
    func refusal<Rules>(
        _ data: [UInt8], _ terms: Rules.Terms, _ channel: ChannelID, _ place: ContractPlace<Rules>
    ) -> ContractError {
        place.form.contractError(data, terms, channel) ?? .settlement(RevertReason(data).settlementError)
    }
}

extension MinedTransaction {
    /// What left a contract in a token, or is owed since the token would not move it.
    ///
    /// - Source: ERC-20, `Transfer`; `Credited` of the contracts for channels.
    func payouts(from contract: Address, in token: Address) -> [Payout] {
        logs.compactMap { $0.payout(from: contract, in: token) }
    }
}

extension ChainLog {
    func payout(from payer: Address, in token: Address) -> Payout? {
        guard topics.count > 1, let amount = Topics.firstAmount(data), !amount.isZero,
            let first = Address(word: topics[1])
        else { return nil }
        // Where there is one token only, it is not named.
        if contract == payer, topics[0] == Topics.plainlyCredited { return Payout(to: first, amount) }
        guard topics.count == 3, let second = Address(word: topics[2]) else { return nil }
        if contract == token, topics[0] == Topics.transfer, first == payer { return Payout(to: second, amount) }
        if contract == payer, topics[0] == Topics.credited, first == token { return Payout(to: second, amount) }
        return nil
    }
}
