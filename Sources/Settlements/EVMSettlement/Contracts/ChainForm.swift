// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingEncodings
internal import FarthingPrimitives

/// How some rules look on a chain: what is sent to their contract, and what it answers.
///
/// The rules themselves stay those of the value. The contract is asked how a channel stands, and that is read into the
/// value through its stored form, which refuses what no order could have led to.
protocol ChainForm<Rules>: Sendable {
    associatedtype Rules: ContractRules

    /// What is at the contract's address.
    var compiled: CompiledContract { get }
    /// The terms' type in the signatures of functions.
    var termsType: String { get }
    /// The contract's custom errors, besides those that all contracts have.
    var errors: ErrorTable { get }

    /// The first topic of the log that tells of a channel's first deposit.
    var openingTopic: Hash32 { get }
    /// The first topics of the logs that tell of deposits.
    var fundingTopics: [Hash32] { get }
    /// The slot of the table in which the contract keeps a word for each channel in which there ever was something.
    ///
    /// - Source: `layout` in `Contracts/Vyper/artifacts`.
    var channelSlot: UInt64 { get }

    /// The terms as a contract takes them: each member is one word.
    func words(of terms: Rules.Terms) -> [ABI.Word]

    /// Reads what ``words(of:)`` lays out.
    ///
    /// - Parameter facts: What was fixed when the contract was made.
    func terms(_ words: inout ABI.WordReader, _ facts: ContractFacts) throws(ABI.DecodingError) -> Rules.Terms

    /// The terms of a channel with this id, if the log of its deposit has them.
    func terms(
        in log: ChainLog, of channel: ChannelID, _ domain: ContractDomain, _ facts: ContractFacts
    ) -> Rules.Terms?

    /// Whether the contract can have a channel with these terms, besides that of its token.
    func isOf(_ terms: Rules.Terms, _ facts: ContractFacts) -> Bool

    /// What is fixed for all channels of the contract.
    func facts(_ view: ContractView) async throws(EndpointFault) -> ContractFacts

    /// How a channel stands; `nil` when nothing was ever deposited in it.
    func state(_ terms: Rules.Terms, _ view: ContractView) async throws(EndpointFault) -> Rules?

    /// What of a channel counts, when deposits must be so deep in the chain.
    ///
    /// - Parameter settled: How it stood in the newest block that is deep enough.
    func counting(_ newest: Rules, since settled: Rules?) -> Rules?

    /// In how many open channels an account has money, where the contract keeps count.
    func openChannels(of account: Address, _ view: ContractView) async throws(EndpointFault) -> Int

    /// What stands for the chain's own coin in terms.
    var coin: Address { get }

    /// Whether an account's opening deposit is in a channel in which something is.
    func holds(_ state: Rules, openingOf payer: Address) -> Bool

    /// What locks the chain's coin that is sent along.
    func coinFunding(_ terms: Rules.Terms, _ amount: Amount) -> [UInt8]

    /// What hands in a signed deposit.
    func funding(_ terms: Rules.Terms, _ funding: Funding) -> [UInt8]

    /// What carries out an order: several transactions where one has no room for all of it.
    func calls(_ order: Rules.Order, _ state: Rules, in domain: ContractDomain) -> [[UInt8]]

    /// Whether an order was carried out in part, and the rest is still to be done.
    func isUnfinished(_ order: Rules.Order, _ state: Rules, _ view: ContractView) async throws(EndpointFault) -> Bool

    /// What the rules call the refusal that a contract answered with.
    func refusal(
        _ error: String, _ words: inout ABI.WordReader, _ terms: Rules.Terms
    ) throws(ABI.DecodingError) -> Rules.Refusal?
}

/// What was fixed when a contract was made.
struct ContractFacts: Hashable, Sendable {
    /// The one token that its channels are of; `nil` when terms name any.
    var token: Address?
    var limits = ContractLimits.none
    /// For how many blocks an end may be challenged, where that is fixed.
    var challengeBlocks: UInt64 = 0
}

extension ChainForm {
    var openingTopic: Hash32 { Topics.funded }
    var fundingTopics: [Hash32] { [Topics.funded] }
    /// After `credits`, which all but one of them have.
    var channelSlot: UInt64 { 1 }

    func terms(
        in log: ChainLog, of channel: ChannelID, _ domain: ContractDomain, _ facts: ContractFacts
    ) -> Rules.Terms? { nil }

    func isOf(_ terms: Rules.Terms, _ facts: ContractFacts) -> Bool { true }

    func facts(_ view: ContractView) async throws(EndpointFault) -> ContractFacts { ContractFacts() }

    func counting(_ newest: Rules, since settled: Rules?) -> Rules? { settled == nil ? nil : newest }

    func openChannels(of account: Address, _ view: ContractView) async throws(EndpointFault) -> Int { 0 }

    func isUnfinished(
        _ order: Rules.Order, _ state: Rules, _ view: ContractView
    ) async throws(EndpointFault) -> Bool { false }

    var coin: Address { Token.coinAddress }

    func holds(_ state: Rules, openingOf payer: Address) -> Bool { true }

    func coinFunding(_ terms: Rules.Terms, _ amount: Amount) -> [UInt8] {
        call("fund", terms, [("uint128", .uint(amount))])
    }

    func funding(_ terms: Rules.Terms, _ funding: Funding) -> [UInt8] {
        let leave = funding.authorization
        let authorization: ABI.Value = .tuple([
            .address(funding.payer), .uint(funding.amount), .uint(leave.validAfter), .uint(leave.validBefore),
            .bytes32(leave.salt),
        ])
        return call(
            "fundWithAuthorization", terms,
            [("(address,uint128,uint64,uint64,bytes32)", authorization), ("bytes", .bytes(leave.signature.bytes))])
    }

    /// Calls a function whose first argument is the terms.
    func call(_ name: String, _ terms: Rules.Terms, _ arguments: [(type: String, value: ABI.Value)] = []) -> [UInt8] {
        let types = [termsType] + arguments.map(\.type)
        return ABI.call(
            "\(name)(\(types.joined(separator: ",")))",
            [.tuple(words(of: terms).map { .word($0) })] + arguments.map(\.value))
    }

    /// What stands in calldata as terms of a channel with this id.
    ///
    /// A deposit may have come by way of another contract, so they are looked for wherever they could stand.
    func terms(
        in calldata: [UInt8], of channel: ChannelID, _ domain: ContractDomain, _ facts: ContractFacts
    ) -> Rules.Terms? {
        let length = termsType.split(separator: ",").count * 32
        var start = 4
        while start + length <= calldata.count {
            var words = ABI.WordReader(Array(calldata[start..<start + length]))
            if let terms = try? terms(&words, facts), terms.channelID(in: domain) == channel { return terms }
            start += 4
        }
        return nil
    }
}

extension ABI.Value {
    static let signatureType = "(bytes32,uint256)"

    /// A signature in two words: `r`, and `s` with the parity of the point in its highest bit.
    ///
    /// - Source: EIP-2098.
    static func signature(_ signature: Signature) -> ABI.Value {
        let s = Hash32 { space in
            signature.s.withBytes { space.copyMemory(from: $0) }
            if signature.isOdd { space[0] |= 0x80 }
        }
        return .tuple([.bytes32(signature.r), .bytes32(s)])
    }

    /// Where a contract looks at no signature.
    static let noSignature = ABI.Value.tuple([.bytes32(.zero), .bytes32(.zero)])
}
