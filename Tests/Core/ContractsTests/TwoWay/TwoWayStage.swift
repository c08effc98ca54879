// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// Alice, who puts in 100, and Bob, who puts in 50, sign balances; an end may be challenged for an hour.
struct TwoWayStage {
    typealias Signers = (first: Person, second: Person)

    static let domain: ContractDomain = {
        guard let domain = ContractDomain(.twoWay, on: Network(evm: 84_532)) else {
            preconditionFailure("a chain's contract has a domain")
        }
        return domain
    }()
    let terms: TwoWayTerms
    let channel: ChannelID
    let domain: ContractDomain

    init(
        first: UInt128 = 100, second: UInt128 = 50, salt: String = "salt", in domain: ContractDomain = Self.domain,
        change: (inout TwoWayTerms) -> Void = { _ in }
    ) {
        var terms = TwoWayTerms(
            first: Person.alice.address, second: Person.bob.address, token: Person.token,
            firstDeposit: units(first), secondDeposit: units(second), challengeSeconds: 3600, salt: hash(salt))
        change(&terms)
        self.terms = terms
        self.domain = domain
        channel = terms.channelID(in: domain)
    }

    func state(_ nonce: UInt64, _ first: UInt128, _ second: UInt128) -> TwoWayState {
        TwoWayState(nonce: nonce, firstBalance: units(first), secondBalance: units(second))
    }

    func signed(
        _ nonce: UInt64, _ first: UInt128, _ second: UInt128, by signers: Signers = (.alice, .bob)
    ) -> SignedTwoWayState {
        let state = state(nonce, first, second)
        return SignedTwoWayState(state, sign(state.digest(of: channel, in: domain), by: signers))
    }

    func closeTogether(
        _ nonce: UInt64, _ first: UInt128, _ second: UInt128, by signers: Signers = (.alice, .bob)
    ) -> TwoWayContract.Order {
        let state = state(nonce, first, second)
        return .closeTogether(state, sign(state.closeDigest(of: channel, in: domain), by: signers))
    }

    func resize(
        _ nonce: UInt64, _ first: UInt128, _ second: UInt128, out: (UInt128, UInt128) = (0, 0),
        by signers: Signers = (.alice, .bob)
    ) -> TwoWayContract.Order {
        let resize = TwoWayResize(
            to: state(nonce, first, second), firstWithdrawal: units(out.0), secondWithdrawal: units(out.1))
        return .resize(resize, sign(resize.digest(of: channel, in: domain), by: signers))
    }

    /// - Parameter nonce: That of the base, when there is no state.
    func startClose(
        _ signed: SignedTwoWayState? = nil, at nonce: UInt64 = 0, by person: Person = .alice
    ) -> TwoWayContract.Order {
        let digest = TwoWayContract.startCloseDigest(of: channel, at: signed?.state.nonce ?? nonce, in: domain)
        return .startClose(signed, person.sign(digest))
    }

    func cancel(by person: Person = .alice) -> TwoWayContract.Order {
        .cancel(person.sign(TwoWayContract.cancelDigest(of: channel, in: domain)))
    }

    /// With nothing in it.
    func unfunded() -> PlayedContract<TwoWayContract> { PlayedContract(terms, in: domain) }

    /// With both deposits in it.
    func opened() throws -> PlayedContract<TwoWayContract> {
        var contract = unfunded()
        if !terms.firstDeposit.isZero { try contract.fund(terms.firstDeposit.units, by: .alice) }
        if !terms.secondDeposit.isZero { try contract.fund(terms.secondDeposit.units, by: .bob) }
        return contract
    }

    private func sign(_ digest: Hash32, by signers: Signers) -> TwoWaySignatures {
        TwoWaySignatures(first: signers.first.sign(digest), second: signers.second.sign(digest))
    }
}
