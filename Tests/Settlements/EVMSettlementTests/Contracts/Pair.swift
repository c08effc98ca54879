// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

/// One place in which a channel is.
struct Side<Rules: ContractRules>: Sendable {
    let settlement: any ContractSettlement
    let domain: ContractDomain
    let terms: Rules.Terms
    let channel: ChannelID

    init(_ settlement: any ContractSettlement, _ terms: (ContractDomain) -> Rules.Terms) throws {
        self.settlement = settlement
        domain = try #require(settlement.contractDomain(of: Rules.kind))
        self.terms = terms(domain)
        channel = self.terms.channelID(in: domain)
    }
}

/// What came of an order, as far as it is alike on both sides.
enum Answer: Hashable, CustomStringConvertible {
    case done([Address: Amount])
    /// Paid in all: who is paid is drawn.
    case drawn(Amount)
    case nothing
    case refused(String)
    /// Nobody was asked: see ``Pair/carryOut(_:isDrawn:seconds:sourceLocation:_:)``.
    case untried

    var description: String {
        switch self {
        case .done(let payouts): "done, paying \(payouts.values.map(\.units).sorted())"
        case .drawn(let sum): "drawn, paying \(sum)"
        case .nothing: "nothing left to do"
        case .refused(let code): "refused: \(code)"
        case .untried: "untried"
        }
    }
}

/// The same channel on the embedded ledger and on a chain: both are given the same orders, and must do the same.
struct Pair<Rules: ContractRules>: Sendable {
    let stage: ContractStage
    let ledger: Side<Rules>
    let chain: Side<Rules>
    private let place: ContractPlace<Rules>
    /// What of a channel is the same on both sides; ids and what is made with them are not.
    private let essence: @Sendable (Rules) -> [String]
    /// Who have the same on both sides, each group in all.
    private let groups: [[KeySigner]]

    init(
        _ stage: ContractStage, groups: [[KeySigner]]? = nil, essence: @escaping @Sendable (Rules) -> [String],
        terms: (ContractDomain) -> Rules.Terms
    ) throws {
        self.stage = stage
        ledger = try Side(stage.ledger, terms)
        chain = try Side(stage.settlement, terms)
        place = try stage.settlement.place(Rules.self)
        self.essence = essence
        self.groups = groups ?? stage.people.map { [$0] }
    }

    // MARK: - Orders

    /// - Returns: What both sides answered.
    @discardableResult
    func fund(
        _ units: UInt64, by signer: KeySigner, salt: UInt64 = 1, signedBy forger: KeySigner? = nil,
        seconds: UInt64 = 1, _ comment: String = "a deposit", sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Answer {
        try await stage.pass(seconds: seconds)
        func funding(_ side: Side<Rules>) -> Funding {
            var funding = stage.funding(units, by: signer, of: side.channel, at: side.domain, salt: salt)
            if let forger {
                funding.authorization.signature = forger.signNow(Keccak256.hash(utf8: "another digest"))
            }
            return funding
        }
        let onLedger = try await answer { () async throws(ContractError) in
            try await ledger.settlement.fund(Rules.self, ledger.terms, with: funding(ledger))
        }
        if let queue = stage.queue {
            let funding = funding(chain)
            // A second time the ledger answers as at first; not every contract knows what its token has seen before.
            let isFirst =
                if case .done = onLedger {
                    await queue.note(Keccak256.hash(utf8: "\(chain.channel) \(funding.authorization.salt)"))
                } else { true }
            let answer = isFirst ? onLedger : .refused("settlement.authorization-used")
            await add(place.form.funding(chain.terms, funding), to: queue, answer, comment, sourceLocation)
            return answer
        }
        let onChain = try await answer { () async throws(ContractError) in
            try await chain.settlement.fund(Rules.self, chain.terms, with: funding(chain))
        }
        #expect(onChain == onLedger, "\(comment)", sourceLocation: sourceLocation)
        if case .refused(let code) = onChain, code.hasPrefix(Rules.kind.rawValue) {
            let call = place.form.funding(chain.terms, funding(chain))
            #expect(await refusal(of: call) == code, "\(comment), at the contract", sourceLocation: sourceLocation)
        }
        try await compare(comment, sourceLocation)
        return onChain
    }

    /// - Returns: What both sides answered; `untried` in a long walk for what takes other than one transaction.
    @discardableResult
    func carryOut(
        _ comment: String, isDrawn: Bool = false, seconds: UInt64 = 1,
        sourceLocation: SourceLocation = #_sourceLocation, _ order: (Side<Rules>) throws -> Rules.Order
    ) async throws -> Answer {
        try await stage.pass(seconds: seconds)
        let (chainOrder, ledgerOrder) = (try order(chain), try order(ledger))
        let direct = stage.queue.map { ($0, place.form.calls(chainOrder, Rules(chain.terms), in: chain.domain)) }
        if let direct, direct.1.count != 1 { return .untried }
        let onLedger = try await answer(isDrawn: isDrawn) { () async throws(ContractError) in
            try await ledger.settlement.carryOut(ledgerOrder, on: ledger.channel, under: Rules.self)
        }
        if let direct {
            await add(direct.1[0], to: direct.0, onLedger, comment, sourceLocation)
            return onLedger
        }
        let before = try await chain.settlement.contract(Rules.self, of: chain.channel)?.state
        let onChain = try await answer(isDrawn: isDrawn) { () async throws(ContractError) in
            try await chain.settlement.carryOut(chainOrder, on: chain.channel, under: Rules.self)
        }
        #expect(onChain == onLedger, "\(comment)", sourceLocation: sourceLocation)
        // The settlement asks the rules first, and they are the ledger's: so the contract itself is asked, too.
        let calls = place.form.calls(chainOrder, before ?? Rules(chain.terms), in: chain.domain)
        switch onChain {
        case .refused(let code) where calls.count == 1:
            #expect(await refusal(of: calls[0]) == code, "\(comment), at the contract", sourceLocation: sourceLocation)
        case .nothing where calls.count == 1:
            #expect(await refusal(of: calls[0]) == nil, "\(comment), at the contract", sourceLocation: sourceLocation)
        default: break
        }
        try await compare(comment, sourceLocation)
        return onChain
    }

    /// Has the contract do later what the ledger did, and compares what both had to say.
    private func add(
        _ call: [UInt8], to queue: ChainQueue, _ onLedger: Answer, _ comment: String,
        _ sourceLocation: SourceLocation
    ) async {
        let moment = stage.now
        await queue.add(call, to: chain.domain.contract, at: moment, of: chain.channel) {
            try await stateComparison("all up to \(comment)", sourceLocation)
        } balances: {
            try await balanceComparison("all up to \(comment)", sourceLocation)
        } check: { outcome in
            switch onLedger {
            case .done, .drawn, .nothing:
                #expect(outcome.succeeded, "\(onLedger) on the ledger: \(comment)", sourceLocation: sourceLocation)
            case .refused(let code) where code.hasPrefix(Rules.kind.rawValue):
                let refusal = stage.settlement.refusal(outcome.output, chain.terms, chain.channel, place).code
                #expect(!outcome.succeeded && refusal == code, "\(comment)", sourceLocation: sourceLocation)
            // What the contract leaves to the token, or takes for done: nothing may come of it, which is compared.
            case .refused, .untried: break
            }
        }
    }

    private func answer(
        isDrawn: Bool = false, _ work: () async throws(ContractError) -> ContractReceipt<Rules>
    ) async throws -> Answer {
        do throws(ContractError) {
            let receipt = try await work()
            guard receipt.transaction != nil else { return .nothing }
            if isDrawn { return .drawn(receipt.payouts.reduce(.zero) { $0.adding($1.amount) ?? .max }) }
            return .done(receipt.payouts.reduce(into: [:]) { $0[$1.receiver] = $1.amount })
        } catch {
            if case .settlement(.unavailable(let reason)) = error { throw Unexpected(reason: reason) }
            return .refused(error.code)
        }
    }

    struct Unexpected: Error { let reason: String }

    /// Has the contract itself carry out what is said; `nil` when it does.
    private func refusal(of call: [UInt8]) async -> String? {
        do throws(SendingFault) {
            _ = try await stage.settlement.dispatch(call, to: chain.domain.contract)
            return nil
        } catch .reverted(let data) {
            return stage.settlement.refusal(data, chain.terms, chain.channel, place).code
        } catch { return "\(error)" }
    }

    // MARK: - Comparing

    /// In a long walk the ledger's stands for the chain's, which is compared later.
    func states() async throws -> (chain: Rules?, ledger: Rules?) {
        let onLedger = try await ledger.settlement.contract(Rules.self, of: ledger.channel)?.state
        return (stage.queue == nil ? try await stateOnChain() : onLedger, onLedger)
    }

    private func stateOnChain() async throws -> Rules? {
        guard stage.queue != nil else {
            return try await chain.settlement.contract(Rules.self, of: chain.channel)?.state
        }
        // Its terms need not be looked for.
        let block = try await stage.settlement.reader.newestBlock()
        return try await place.form.state(
            chain.terms, stage.settlement.view(of: chain.channel, in: chain.domain, at: block))
    }

    private func compare(_ comment: String, _ sourceLocation: SourceLocation) async throws {
        try await stateComparison(comment, sourceLocation)()
        try await balanceComparison(comment, sourceLocation)()
    }

    /// What compares the channel on the chain with how it stands on the ledger now.
    private func stateComparison(
        _ comment: String, _ sourceLocation: SourceLocation
    ) async throws -> ChainQueue.Comparison {
        let onLedger = try await states().ledger
        return {
            let onChain = try await stateOnChain()
            #expect(
                onChain.map(essence) == onLedger.map(essence), "the channel after \(comment)",
                sourceLocation: sourceLocation)
            #expect(
                onChain?.locked == onLedger?.locked, "what is locked after \(comment)", sourceLocation: sourceLocation)
        }
    }

    /// What compares the balances on the chain with those on the ledger now.
    private func balanceComparison(
        _ comment: String, _ sourceLocation: SourceLocation
    ) async throws -> ChainQueue.Comparison {
        let expected = try await sums(on: ledger.settlement)
        return {
            let sums = try await sums(on: chain.settlement)
            #expect(sums == expected, "what is there after \(comment)", sourceLocation: sourceLocation)
        }
    }

    private func sums(on settlement: any ContractSettlement) async throws -> [UInt128] {
        var sums: [UInt128] = []
        for group in groups {
            var sum: UInt128 = 0
            for person in group {
                sum += try await settlement.balance(of: person.address, token: stage.token.address).units
            }
            sums.append(sum)
        }
        return sums
    }

    /// A settlement that knows no terms reads the same channel.
    func expectFoundAfterRestart(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let restarted = try stage.another()
        let found = try await restarted.contract(Rules.self, of: chain.channel)
        await restarted.shutdown()
        #expect(found?.state == (try await states().chain), sourceLocation: sourceLocation)
        #expect(found?.state.terms == chain.terms, sourceLocation: sourceLocation)
    }
}
