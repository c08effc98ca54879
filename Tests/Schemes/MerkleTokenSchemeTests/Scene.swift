// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingMerkleTokenScheme
import FarthingPrimitives
import Testing

let noon = Instant(unixSeconds: 1_800_000_000)

func units(_ amount: UInt128) -> Amount { Amount(units: amount) }

func hash(_ text: String) -> Hash32 { Keccak256.hash(utf8: text) }

/// Alice's channel to Bob and Carol, seen by her and by both: ten tokens of three units for Bob, five of two for Carol.
struct Scene {
    static let domain: ContractDomain = {
        guard let domain = ContractDomain(.merkleToken, on: Network(evm: 84_532)) else {
            preconditionFailure("84532 is a chain")
        }
        return domain
    }()
    static let bob = address("Bob")
    static let carol = address("Carol")
    let id: ChannelID
    var alice: MerkleTokenPayer
    var bob: MerkleTokenChannel
    var carol: MerkleTokenChannel
    private var lastRequest: UInt64 = 0

    init(count: UInt32 = 10, amount: UInt128 = 3, others: UInt32 = 5, salt: String = "salt") throws {
        let plan = MerkleTokenPlan([
            MerkleTokenPlan.Share(payee: Self.carol, count: others, amount: units(2)),
            MerkleTokenPlan.Share(payee: Self.bob, count: count, amount: units(amount)),
        ])
        let payer = MerkleTokenPayer(
            try #require(plan), seed: hash("seed"), payer: Self.address("Alice"), token: Self.address("token"),
            expiry: UInt64(noon.unixSeconds) + 86_400, salt: hash(salt), in: Self.domain)
        alice = try #require(payer)
        id = alice.id
        let ledger = try Self.ledger(alice.terms)
        bob = MerkleTokenChannel(id: id, ledger: ledger, in: Self.domain, payee: Self.bob)
        carol = MerkleTokenChannel(id: id, ledger: ledger, in: Self.domain, payee: Self.carol)
    }

    var terms: MerkleTokenTerms { alice.terms }

    static func address(_ name: String) -> Address { Address(hash("the account of \(name)").bytes.suffix(20)) ?? .zero }

    /// The contract after the deposit, and after some orders.
    static func ledger(
        _ terms: MerkleTokenTerms, height: UInt64 = 1, orders: [MerkleTokenContract.Order] = [], at now: Instant = noon
    ) throws -> ContractSnapshot<MerkleTokenContract> {
        var state = MerkleTokenContract(terms)
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

    /// Bob's tokens with these numbers, as only Alice can know them; Bob's first has the number 0.
    func shown(_ numbers: some Sequence<UInt32>, to payee: Address = Scene.bob) throws -> [ShownMerkleToken] {
        let alice = alice
        guard let account = alice.accounts[payee] else { return [] }
        // She shows 64 at once, so she is asked for one after the other.
        var all: [UInt32: ShownMerkleToken] = [:]
        for number in numbers {
            var copy = alice
            let price = units(account.amount.units * UInt128(number + 1))
            let sent = try copy.apply(.paymentAsked(ReservationID(0), price: price, most: 64), of: payee)
            for token in sent?.tokens ?? [] { all[token.index - account.start] = token }
        }
        return numbers.compactMap { all[$0] }
    }

    func payment(_ numbers: some Sequence<UInt32>) throws -> MerkleTokenPayment {
        try verified(shown(numbers))
    }

    func verified(_ tokens: [ShownMerkleToken]) throws -> MerkleTokenPayment {
        try UnverifiedMerkleTokens(tokens).verified(for: Scene.bob, of: terms, tag: bob.tag, most: 64)
    }

    func reservation(_ id: ReservationID, _ price: UInt128, seconds: Int64 = 60) -> Purse.Reservation {
        Purse.Reservation(id: id, price: units(price), until: noon.advanced(bySeconds: seconds))
    }
}

extension MerkleTokenChannel.Effect {
    var token: MerkleToken {
        switch self {
        case .keep(let token, _, _): token
        }
    }
    var total: Amount {
        switch self {
        case .keep(_, _, let total): total
        }
    }
}
