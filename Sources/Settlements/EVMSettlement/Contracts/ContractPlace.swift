// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives
internal import Synchronization

/// Where some rules run on a chain, and how they look there.
struct ContractPlace<Rules: ContractRules>: Sendable {
    let form: any ChainForm<Rules>
    let domain: ContractDomain
}

/// The forms of all rules that have a contract.
enum ChainForms {
    static let all: [any ChainForm] = [
        HashChainForm(), MerkleTokenForm(), TwoWayForm(), LotteryForm(), LotForm(), BalanceProofForm(),
    ]

    static func of<Rules: ContractRules>(_ rules: Rules.Type) -> (any ChainForm<Rules>)? {
        for form in all {
            if let form = form as? any ChainForm<Rules> { return form }
        }
        return nil
    }

    static func of(_ kind: ContractKind) -> (any ChainForm)? { all.first { kind == $0.kind } }
}

extension ChainForm {
    var kind: ContractKind { Rules.kind }
}

/// What was learnt of channels and contracts, and never changes: terms, and what was fixed at the making.
struct KnownContracts: Sendable {
    private var terms: [ChannelID: any Sendable] = [:]
    private var facts: [Address: ContractFacts] = [:]

    private static let most = 50_000

    func terms(of channel: ChannelID) -> (any Sendable)? { terms[channel] }
    func facts(of contract: Address) -> ContractFacts? { facts[contract] }

    mutating func remember(_ terms: any Sendable, of channel: ChannelID) {
        // They can be found again.
        if self.terms.count >= Self.most { self.terms = [:] }
        self.terms[channel] = terms
    }

    mutating func remember(_ facts: ContractFacts, of contract: Address) { self.facts[contract] = facts }
}

extension EVMSettlement {
    func place<Rules: ContractRules>(_ rules: Rules.Type) throws(ContractError) -> ContractPlace<Rules> {
        guard let form = ChainForms.of(rules), let domain = contractDomain(of: Rules.kind) else {
            throw .unavailable(Rules.kind)
        }
        return ContractPlace(form: form, domain: domain)
    }

    func asked<Value>(
        _ work: () async throws(EndpointFault) -> Value
    ) async throws(ContractError) -> Value {
        do throws(EndpointFault) { return try await work() } catch {
            throw .settlement(error.settlementError(at: reader.host))
        }
    }

    func settled<Value>(
        _ work: () async throws(SettlementError) -> Value
    ) async throws(ContractError) -> Value {
        do throws(SettlementError) { return try await work() } catch { throw .settlement(error) }
    }

    // MARK: - Reading

    func view(of channel: ChannelID, in domain: ContractDomain, at block: Block) -> ContractView {
        ContractView(chain: reader.chain, logs: contractLogs, domain: domain, channel: channel, block: block)
    }

    /// What was fixed when the contract was made.
    func facts<Rules>(_ place: ContractPlace<Rules>, at block: Block) async throws(EndpointFault) -> ContractFacts {
        let contract = place.domain.contract
        if let facts = known.withLock({ $0.facts(of: contract) }) { return facts }
        let view = view(of: ChannelID(.zero), in: place.domain, at: block)
        let facts = try await place.form.facts(view)
        known.withLock { $0.remember(facts, of: contract) }
        return facts
    }

    /// What the sides of a channel agreed on: known since it was opened here, or found in its deposit.
    ///
    /// - Returns: `nil` when nothing was ever deposited in it.
    func terms<Rules>(
        of channel: ChannelID, _ place: ContractPlace<Rules>, at block: Block
    ) async throws(EndpointFault) -> Rules.Terms? {
        if let terms = known.withLock({ $0.terms(of: channel) }) as? Rules.Terms { return terms }
        // Anybody can name a channel that never was, and all logs would be searched for it.
        guard try await view(of: channel, in: place.domain, at: block).isKept(in: place.form.channelSlot) else {
            return nil
        }
        let logs = try await contractLogs.newest(
            [place.form.openingTopic, channel.hash], at: place.domain.contract, through: block.height)
        guard let log = logs.last else { return nil }
        return try await terms(of: channel, fundedBy: log, place, at: block)
    }

    func terms<Rules>(
        of channel: ChannelID, fundedBy log: ChainLog, _ place: ContractPlace<Rules>, at block: Block
    ) async throws(EndpointFault) -> Rules.Terms {
        if let terms = known.withLock({ $0.terms(of: channel) }) as? Rules.Terms { return terms }
        let facts = try await facts(place, at: block)
        var found = place.form.terms(in: log, of: channel, place.domain, facts)
        if found == nil {
            let sent = try await reader.chain.agreed([.transaction(log.transaction.hash)])[0].get()
            let calldata = try (sent["input"] ?? .null).data("a transaction's data")
            found = place.form.terms(in: calldata, of: channel, place.domain, facts)
        }
        guard let found else { throw .malformed("the deposit of a channel does not hold its terms") }
        known.withLock { $0.remember(found, of: channel) }
        return found
    }

    /// A channel with what counts of it.
    func snapshot<Rules>(
        of channel: ChannelID, _ terms: Rules.Terms, _ place: ContractPlace<Rules>, at block: Block
    ) async throws(EndpointFault) -> ContractSnapshot<Rules>? {
        let view = view(of: channel, in: place.domain, at: block)
        guard let newest = try await place.form.state(terms, view) else { return nil }
        let depth = sending.confirmations - 1
        guard depth > 0 else { return ContractSnapshot(state: newest, block: block) }
        let height = block.height.lowered(by: depth)
        let settled = try await place.form.state(terms, view.at(Block(height: height, time: block.time)))
        return place.form.counting(newest, since: settled).map { ContractSnapshot(state: $0, block: block) }
    }

    /// What the rules need to know of the block in which an order would be carried out.
    func context<Rules: ContractRules>(
        for state: Rules, _ view: ContractView, _ place: ContractPlace<Rules>
    ) async throws(EndpointFault) -> ContractContext {
        let facts = try await facts(place, at: view.block)
        var open: [Address: Int] = [:]
        if facts.limits.openChannels != nil {
            for party in state.terms.parties { open[party] = try await place.form.openChannels(of: party, view) }
        }
        var hash: Hash32?
        if let awaited = state.awaitedBlock, awaited <= view.block.height {
            let block = try await reader.chain.agreed([.block(awaited)])[0].get()
            hash = block["hash"]?.stringValue.flatMap(Hash32.init(hex:))
        }
        return ContractContext(
            domain: place.domain, channel: view.channel,
            block: Block(height: view.block.height + 1, time: view.block.time), limits: facts.limits,
            openChannels: open, awaitedHash: hash)
    }
}
