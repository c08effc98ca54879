// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// Alice deposits 100 and signs what she owes Bob in all; an end may be challenged for 500 blocks.
struct BalanceProofStage {
    static let domain: ContractDomain = {
        guard let domain = ContractDomain(.balanceProof, on: Network(evm: 84_532)) else {
            preconditionFailure("a chain's contract has a domain")
        }
        return domain
    }()
    let terms: BalanceProofTerms
    let channel: ChannelID
    let domain: ContractDomain

    init(
        salt: String = "salt", in domain: ContractDomain = Self.domain,
        change: (inout BalanceProofTerms) -> Void = { _ in }
    ) {
        var terms = BalanceProofTerms(
            sender: Person.alice.address, receiver: Person.bob.address, token: Person.token, challengeBlocks: 500,
            salt: hash(salt))
        change(&terms)
        self.terms = terms
        self.domain = domain
        channel = terms.channelID(in: domain)
    }

    func proof(_ balance: UInt128, by person: Person = .alice) -> Signature {
        person.sign(BalanceProofContract.proofDigest(of: channel, balance: units(balance), in: domain))
    }

    func withdraw(_ balance: UInt128, by person: Person = .alice) -> BalanceProofContract.Order {
        .withdraw(balance: units(balance), proof: proof(balance, by: person))
    }

    func dispute(_ balance: UInt128, by person: Person = .alice) -> BalanceProofContract.Order {
        .dispute(balance: units(balance), proof: proof(balance, by: person))
    }

    func closeTogether(
        _ balance: UInt128, by people: (sender: Person, receiver: Person) = (.alice, .bob)
    ) -> BalanceProofContract.Order {
        let digest = BalanceProofContract.closeDigest(of: channel, balance: units(balance), in: domain)
        return .closeTogether(
            balance: units(balance), proof: proof(balance, by: people.sender),
            closingSignature: people.receiver.sign(digest))
    }

    func requestClose(_ balance: UInt128, by person: Person = .alice) -> BalanceProofContract.Order {
        let digest = BalanceProofContract.requestDigest(of: channel, balance: units(balance), in: domain)
        return .requestClose(balance: units(balance), signature: person.sign(digest))
    }

    /// With nothing in it.
    func unfunded() -> PlayedContract<BalanceProofContract> { PlayedContract(terms, in: domain) }

    /// With a deposit in it.
    func opened(_ deposit: UInt128 = 100) throws -> PlayedContract<BalanceProofContract> {
        var contract = unfunded()
        try contract.fund(deposit, by: .alice)
        return contract
    }
}
