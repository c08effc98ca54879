// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingX402

let noon = Instant(unixSeconds: 1_800_000_000)

func units(_ amount: UInt128) -> Amount { Amount(units: amount) }

func hash(_ text: String) -> Hash32 { Keccak256.hash(utf8: text) }

/// Alice's channel to Bob, seen from both sides: steps of three units.
struct Scene {
    static let domain: ContractDomain = {
        guard let domain = ContractDomain(.hashChain, on: Network(evm: 84_532)) else {
            preconditionFailure("84532 is a chain")
        }
        return domain
    }()
    let terms: HashChainTerms
    let id: ChannelID
    let chain: HashChainTraversal
    var alice: HashChainPayer
    var bob: HashChainChannel
    private var lastRequest: UInt64 = 0

    init(
        count: UInt32 = 10, step: UInt128 = 3, seed: String = "seed", authorizer: Address = Self.address("Bob")
    ) throws {
        var terms = HashChainTerms(
            payer: Self.address("Alice"), receiver: Self.address("Bob"), receiverAuthorizer: authorizer,
            token: Self.address("token"), anchor: .zero,
            stepCount: count, stepAmount: units(step), expiry: UInt64(noon.unixSeconds) + 86_400, salt: hash("salt"))
        chain = HashChainTraversal(seed: hash(seed), count: count, tag: terms.tag(in: Self.domain))
        terms.anchor = chain.anchor
        self.terms = terms
        id = terms.channelID(in: Self.domain)
        alice = HashChainPayer(id: id, terms: terms, traversal: chain)
        bob = HashChainChannel(id: id, ledger: try Self.ledger(terms), in: Self.domain, payee: terms.receiver)
    }

    static func address(_ name: String) -> Address { Address(hash("the account of \(name)").bytes.suffix(20)) ?? .zero }

    /// The contract after the deposit, and after some orders.
    static func ledger(
        _ terms: HashChainTerms, height: UInt64 = 1, orders: [HashChainContract.Order] = [], at now: Instant = noon
    ) throws -> ContractSnapshot<HashChainContract> {
        var state = HashChainContract(terms)
        let context = { (time: Instant) in
            ContractContext(
                domain: Self.domain, channel: terms.channelID(in: Self.domain), block: Block(height: height, time: time)
            )
        }
        _ = try state.fund(terms.deposit ?? .zero, by: terms.payer, in: context(noon))
        for order in orders { _ = try state.carryOut(order, in: context(now)) }
        return ContractSnapshot(state: state, block: Block(height: height, time: now))
    }

    mutating func request() -> ReservationID {
        lastRequest += 1
        return ReservationID(lastRequest)
    }

    /// Any step of the chain, as only Alice can know it.
    func step(_ index: UInt32) -> HashChainStep {
        var chain = chain
        return chain.advance(by: index) ?? HashChainStep(index: index, value: .zero)
    }

    /// What Bob offers, who hashes no further than this for one payment.
    func offer(longestStride: UInt32) -> PrepaidOffer {
        let token = Token(
            domain: TokenDomain(address: terms.token, name: "USDC", version: "2"), symbol: "USDC", decimals: 6)
        return PrepaidOffer(
            receiver: terms.receiver, receiverAuthorizer: terms.receiverAuthorizer, token: token, domain: Self.domain,
            longestStride: longestStride)
    }

    func payment(_ index: UInt32, longest: UInt32 = 1000) throws -> HashChainPayment {
        try UnverifiedHashChainStep(step(index)).verified(
            after: bob.best, of: terms, tag: bob.tag, longest: longest)
    }

    func reservation(_ id: ReservationID, _ price: UInt128, seconds: Int64 = 60) -> Purse.Reservation {
        Purse.Reservation(id: id, price: units(price), until: noon.advanced(bySeconds: seconds))
    }
}
