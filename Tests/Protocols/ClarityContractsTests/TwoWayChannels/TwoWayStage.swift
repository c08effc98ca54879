// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import Testing

@testable import FarthingStacksSettlement

/// Two parties, a stranger, and the contract two-way-channels, which is called as the settlement calls it.
struct TwoWayStage: ContractStage {
    static let contract = "two-way-channels"
    static let riches: UInt128 = 1_000_000

    let stage: Stage
    var first: Account { stage.alice }
    var second: Account { stage.bob }
    var stranger: Account { stage.carol }
    let calls: TwoWayCalls
    /// What channels are in unless told: the test token, or STX.
    let asset: StacksAsset

    var domain: ContractDomain { calls.domain }

    init(inTokens: Bool = false, also other: (name: String, source: String)? = nil) throws {
        stage = try Stage(deploying: ["test-token", Self.contract])
        var assets = [try #require(StacksAsset("\(stage.identifier("test-token"))::test-token"))]
        if let other {
            try stage.deploy(other.name, source: other.source)
            assets.append(try #require(StacksAsset("\(stage.identifier(other.name))::odd")))
        }
        let registry = try #require(
            StacksRegistry(
                deployer: stage.deployer.standard, chainID: UInt32(SignedMessage.testnetChain), assets: assets))
        let contract = try #require(registry.contracts[.twoWay])
        let domain = try #require(ContractDomain(.twoWay, stacks: contract))
        calls = TwoWayCalls(contract: contract, domain: domain, registry: registry)
        asset = other == nil ? (inTokens ? assets[0] : .stx) : assets[1]
        let minted = [other?.name, "test-token"].compactMap(\.self)
        try Self.endow([stage.alice, stage.bob, stage.carol, stage.dave], on: stage, with: minted)
    }

    // MARK: - Channels

    static func address(_ account: Account) -> Address { Address(account.standard.hash) ?? .zero }

    func terms(
        first firstDeposit: UInt128 = 100, second secondDeposit: UInt128 = 0, seconds: UInt64 = 3600, salt: UInt8 = 1,
        in asset: StacksAsset? = nil
    ) -> TwoWayTerms {
        TwoWayTerms(
            first: Self.address(first), second: Self.address(second), token: (asset ?? self.asset).address,
            firstDeposit: Amount(units: firstDeposit), secondDeposit: Amount(units: secondDeposit),
            challengeSeconds: seconds, salt: Hash32 { $0[31] = salt })
    }

    func channel(_ terms: TwoWayTerms) -> ChannelID { terms.channelID(in: domain) }

    /// A channel that is open.
    func open(_ terms: TwoWayTerms) throws -> ChannelID {
        if !terms.firstDeposit.isZero { #expect(try fund(terms, terms.firstDeposit.units).ok != nil) }
        if !terms.secondDeposit.isZero {
            #expect(try fund(terms, terms.secondDeposit.units, by: second).ok != nil)
        }
        return channel(terms)
    }

    static func state(_ nonce: UInt64, _ first: UInt128, _ second: UInt128) -> TwoWayState {
        TwoWayState(nonce: nonce, firstBalance: Amount(units: first), secondBalance: Amount(units: second))
    }

    // MARK: - Signatures

    func sign(_ digest: Hash32, _ one: Account? = nil, _ other: Account? = nil) throws -> TwoWaySignatures {
        TwoWaySignatures(
            first: try #require((one ?? first).signature(over: digest)),
            second: try #require((other ?? second).signature(over: digest)))
    }

    /// A state that both have signed, or others in their place.
    func signed(
        _ state: TwoWayState, of channel: ChannelID, _ one: Account? = nil, _ other: Account? = nil
    ) throws -> SignedTwoWayState {
        SignedTwoWayState(state, try sign(state.digest(of: channel, in: domain), one, other))
    }

    func start(
        _ signed: SignedTwoWayState?, of channel: ChannelID, by starter: Account? = nil, base: UInt64 = 0
    ) throws -> TwoWayContract.Order {
        let digest = TwoWayContract.startCloseDigest(of: channel, at: signed?.state.nonce ?? base, in: domain)
        return .startClose(signed, try #require((starter ?? first).signature(over: digest)))
    }

    func together(
        _ state: TwoWayState, of channel: ChannelID, _ one: Account? = nil, _ other: Account? = nil
    ) throws -> TwoWayContract.Order {
        .closeTogether(state, try sign(state.closeDigest(of: channel, in: domain), one, other))
    }

    func resize(
        _ state: TwoWayState, _ firstOut: UInt128 = 0, _ secondOut: UInt128 = 0, of channel: ChannelID,
        _ one: Account? = nil, _ other: Account? = nil
    ) throws -> TwoWayContract.Order {
        let resize = TwoWayResize(
            to: state, firstWithdrawal: Amount(units: firstOut), secondWithdrawal: Amount(units: secondOut))
        return .resize(resize, try sign(resize.digest(of: channel, in: domain), one, other))
    }

    func cancel(_ channel: ChannelID, by account: Account) throws -> TwoWayContract.Order {
        .cancel(try #require(account.signature(over: TwoWayContract.cancelDigest(of: channel, in: domain))))
    }

    // MARK: - Calls

    func fund(
        _ terms: TwoWayTerms, _ amount: UInt128, by account: Account? = nil, handing other: StacksAsset? = nil
    ) throws -> Outcome {
        let call = try #require(terms.fundingCall(Amount(units: amount), in: calls.contract))
        var arguments = call.arguments
        if let other { arguments[2] = calls.contract.token(other.address) }
        return try self.call(call.function.text, arguments, by: account ?? first)
    }

    /// Hands in an order; a stranger does, for whoever calls does not matter.
    func carryOut(
        _ order: TwoWayContract.Order, on terms: TwoWayTerms, by account: Account? = nil
    ) throws -> Outcome {
        let call = try #require(calls.calls(order, on: channel(terms), TwoWayContract(terms)).first)
        return try self.call(call.function.text, call.arguments, by: account ?? stranger)
    }

    func collect(_ terms: TwoWayTerms, for account: Account) throws -> Outcome {
        try call(
            "collect", [.hash(channel(terms).hash), account.value, calls.contract.token(terms.token)], by: stranger)
    }

    // MARK: - Looking

    /// The channel as the settlement reads it; `nil` where nothing was ever deposited.
    func read(_ terms: TwoWayTerms) throws -> TwoWayContract? {
        let value = try stage.read(Self.contract, "get-channel", [.hash(channel(terms).hash)])
        guard case .some(.tuple(let fields)) = value else { return nil }
        let state: TwoWayContract = try #require(calls.state(fields))
        return state
    }

    func balance(_ account: Account, in asset: StacksAsset? = nil) throws -> UInt128 {
        try balance(account, of: (asset ?? self.asset).contract)
    }

    func held(in asset: StacksAsset? = nil) throws -> UInt128 {
        try held(of: (asset ?? self.asset).contract)
    }

    /// What both have won or lost since the beginning, and what the contract holds.
    func expect(
        first one: Int, second other: Int, held expected: UInt128, at location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(Int(try balance(first)) - Int(Self.riches) == one, sourceLocation: location)
        #expect(Int(try balance(second)) - Int(Self.riches) == other, sourceLocation: location)
        #expect(try held() == expected, sourceLocation: location)
    }
}
