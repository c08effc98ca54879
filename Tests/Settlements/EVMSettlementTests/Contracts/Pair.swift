// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import Foundation
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

    var description: String {
        switch self {
        case .done(let payouts): "done, paying \(payouts.values.map(\.units).sorted())"
        case .drawn(let sum): "drawn, paying \(sum)"
        case .nothing: "nothing left to do"
        case .refused(let code): "refused: \(code)"
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
        let onChain = try await answer { () async throws(ContractError) in
            try await chain.settlement.fund(Rules.self, chain.terms, with: funding(chain))
        }
        let onLedger = try await answer { () async throws(ContractError) in
            try await ledger.settlement.fund(Rules.self, ledger.terms, with: funding(ledger))
        }
        #expect(onChain == onLedger, "\(comment)", sourceLocation: sourceLocation)
        if case .refused(let code) = onChain, code.hasPrefix(Rules.kind.rawValue) {
            let call = place.form.funding(chain.terms, funding(chain))
            #expect(await refusal(of: call) == code, "\(comment), at the contract", sourceLocation: sourceLocation)
        }
        try await compare(comment, sourceLocation)
        return onChain
    }

    @discardableResult
    func carryOut(
        _ comment: String, isDrawn: Bool = false, seconds: UInt64 = 1,
        sourceLocation: SourceLocation = #_sourceLocation, _ order: (Side<Rules>) throws -> Rules.Order
    ) async throws -> Answer {
        try await stage.pass(seconds: seconds)
        let (chainOrder, ledgerOrder) = (try order(chain), try order(ledger))
        let before = try await chain.settlement.contract(Rules.self, of: chain.channel)?.state
        let onChain = try await answer(isDrawn: isDrawn) { () async throws(ContractError) in
            try await chain.settlement.carryOut(chainOrder, on: chain.channel, under: Rules.self)
        }
        let onLedger = try await answer(isDrawn: isDrawn) { () async throws(ContractError) in
            try await ledger.settlement.carryOut(ledgerOrder, on: ledger.channel, under: Rules.self)
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

    func states() async throws -> (chain: Rules?, ledger: Rules?) {
        (
            try await chain.settlement.contract(Rules.self, of: chain.channel)?.state,
            try await ledger.settlement.contract(Rules.self, of: ledger.channel)?.state
        )
    }

    private func compare(_ comment: String, _ sourceLocation: SourceLocation) async throws {
        let (onChain, onLedger) = try await states()
        #expect(
            onChain.map(essence) == onLedger.map(essence), "the channel after \(comment)",
            sourceLocation: sourceLocation)
        #expect(onChain?.locked == onLedger?.locked, "what is locked after \(comment)", sourceLocation: sourceLocation)
        for group in groups {
            var sums: (chain: UInt128, ledger: UInt128) = (0, 0)
            for person in group {
                let token = stage.token.address
                sums.chain += try await chain.settlement.balance(of: person.address, token: token).units
                sums.ledger += try await ledger.settlement.balance(of: person.address, token: token).units
            }
            #expect(sums.chain == sums.ledger, "what is there after \(comment)", sourceLocation: sourceLocation)
        }
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

/// How long walks are, and what they have met.
struct WalkLog {
    private(set) var counts: [String: Int] = [:]

    /// How many orders a walk gives.
    static var steps: Int {
        ProcessInfo.processInfo.environment["FARTHING_WALK_STEPS"].flatMap { Int($0) } ?? 150
    }

    mutating func add(_ answer: Answer) {
        let name =
            switch answer {
            case .done, .drawn: "done"
            case .nothing: "nothing"
            case .refused(let code): code
            }
        counts[name, default: 0] += 1
    }

    /// A walk that meets nothing but refusals, or none, tries nothing.
    func expect(refusals: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        if ProcessInfo.processInfo.environment["FARTHING_WALK_STEPS"] != nil {
            print("walk:", counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        }
        // How many there are is known of the walk that everybody takes, not of one with other dice.
        guard ProcessInfo.processInfo.environment["FARTHING_WALK_SEED"] == nil else { return }
        #expect(counts["done", default: 0] >= WalkLog.steps / 8, sourceLocation: sourceLocation)
        #expect(counts["nothing", default: 0] > 0, sourceLocation: sourceLocation)
        #expect(counts.count - 2 >= refusals, sourceLocation: sourceLocation)
    }
}

extension SeededGenerator {
    /// The dice of a walk; others where `FARTHING_WALK_SEED` says so.
    static func ofWalk(_ seed: UInt64) -> SeededGenerator {
        let shift = ProcessInfo.processInfo.environment["FARTHING_WALK_SEED"].flatMap { UInt64($0) } ?? 0
        return SeededGenerator(seed: seed &+ shift &* 1000)
    }

    /// True once in so many times.
    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    mutating func pick<Value>(_ values: [Value]) throws -> Value {
        try #require(values.randomElement(using: &self))
    }
}
