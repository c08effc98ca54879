// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// Alice pays Bob out of a chain of ten steps, three units each.
struct HashChainStage {
    static let domain: ContractDomain = {
        guard let domain = ContractDomain(.hashChain, on: Network(evm: 84_532)) else {
            preconditionFailure("84532 is a chain")
        }
        return domain
    }()
    var terms: HashChainTerms
    /// All steps; the first is the anchor.
    let steps: [Hash32]

    init(
        count: UInt32 = 10, amount: UInt128 = 3, salt: String = "salt",
        change: (inout HashChainTerms) -> Void = { _ in }
    ) {
        terms = HashChainTerms(
            payer: Person.alice.address, receiver: Person.bob.address, receiverAuthorizer: Person.bob.address,
            token: Person.token, anchor: .zero,
            stepCount: count, stepAmount: units(amount), expiry: UInt64(noon.unixSeconds) + 86_400, salt: hash(salt))
        change(&terms)
        let tag = terms.tag(in: Self.domain)
        var steps = [hash("seed")]
        for index in stride(from: count, to: 0, by: -1) {
            steps.append(HashChain.step(before: steps[steps.count - 1], at: index, tag: tag))
        }
        self.steps = steps.reversed()
        terms.anchor = self.steps[0]
    }

    func step(_ index: UInt32) -> HashChainStep { HashChainStep(index: index, value: steps[Int(index)]) }

    func close(_ index: UInt32, by person: Person = .bob) -> HashChainContract.Order {
        let digest = HashChainContract.closeDigest(
            of: terms.channelID(in: Self.domain), upTo: index, in: Self.domain)
        return .close(step(index), signature: person.sign(digest))
    }

    /// With its deposit in it.
    func opened() throws -> PlayedContract<HashChainContract> {
        var contract = PlayedContract<HashChainContract>(terms, in: Self.domain)
        try contract.fund(terms.deposit?.units ?? 0, by: .alice)
        return contract
    }
}
