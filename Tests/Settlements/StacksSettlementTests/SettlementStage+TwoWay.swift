// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

extension SettlementStage {
    typealias TwoWay = TwoWayContract

    func twoWayDomain() throws -> ContractDomain { try #require(settlement.contractDomain(of: .twoWay)) }

    func twoWay(_ first: UInt128 = 1000, _ second: UInt128 = 0, salt: UInt8 = 1) -> TwoWayTerms {
        TwoWayTerms(
            first: payer.address, second: payee.address, token: token.address, firstDeposit: Amount(units: first),
            secondDeposit: Amount(units: second), challengeSeconds: 3600, salt: Hash32 { $0[31] = salt })
    }

    /// A deposit that a party signed, with the number that the stage has for it.
    func funding(
        _ terms: TwoWayTerms, _ units: UInt128, by party: KeySigner? = nil
    ) async throws -> Funding {
        let party = party ?? payer
        let until = time.instant.advanced(bySeconds: 60)
        let leave = UnsignedFunding(
            payer: party.address, amount: Amount(units: units),
            validAfter: try await depositNumber(of: party.address, until: until),
            validBefore: UInt64(until.unixSeconds), salt: .zero)
        let digest = try twoWayDomain().depositDigest(leave, on: terms, token: token.domain)
        return leave.signed(party.signNow(digest))
    }

    func open(_ terms: TwoWayTerms) async throws -> ChannelID {
        for (party, deposit) in [(payer, terms.firstDeposit), (payee, terms.secondDeposit)] where !deposit.isZero {
            _ = try await settlement.fund(
                TwoWay.self, terms, with: try await funding(terms, deposit.units, by: party))
        }
        return terms.channelID(in: try twoWayDomain())
    }

    static func state(_ nonce: UInt64, _ first: UInt128, of total: UInt128 = 1000) -> TwoWayState {
        TwoWayState(
            nonce: nonce, firstBalance: Amount(units: first), secondBalance: Amount(units: total - first))
    }

    func signatures(_ digest: Hash32, _ first: KeySigner? = nil) -> TwoWaySignatures {
        TwoWaySignatures(first: (first ?? payer).signNow(digest), second: payee.signNow(digest))
    }

    func signed(
        _ state: TwoWayState, of id: ChannelID, in domain: ContractDomain? = nil, _ first: KeySigner? = nil
    ) throws -> SignedTwoWayState {
        SignedTwoWayState(state, signatures(state.digest(of: id, in: try domain ?? twoWayDomain()), first))
    }

    func start(_ signed: SignedTwoWayState?, of id: ChannelID, by party: KeySigner) throws -> TwoWay.Order {
        let digest = TwoWay.startCloseDigest(of: id, at: signed?.state.nonce ?? 0, in: try twoWayDomain())
        return .startClose(signed, party.signNow(digest))
    }

    func together(_ state: TwoWayState, of id: ChannelID) throws -> TwoWay.Order {
        .closeTogether(state, signatures(state.closeDigest(of: id, in: try twoWayDomain())))
    }

    @discardableResult
    func carryOut(
        _ order: TwoWay.Order, on id: ChannelID, by settlement: (any ContractSettlement)? = nil
    ) async throws(ContractError) -> ContractReceipt<TwoWay> {
        try await (settlement ?? self.settlement).carryOut(order, on: id, under: TwoWay.self)
    }

    func code(_ order: TwoWay.Order, on id: ChannelID) async -> String? {
        do throws(ContractError) { try await carryOut(order, on: id) } catch { return error.code }
        return nil
    }

    /// The settlement as the payer has it: it sends, and pays for, what the payer asks for.
    func payersOwn() throws -> any ContractSettlement {
        try #require(settlement.sending(as: payer) as? any ContractSettlement)
    }

    /// So much time passes for everybody; each block has brought a few seconds more before.
    func leap(_ seconds: Int64) {
        node.advance(burnBlocks: Int(seconds / 600) + 1)
        time.leap(seconds + 600)
    }
}
