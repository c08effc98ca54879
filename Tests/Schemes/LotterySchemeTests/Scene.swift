// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingX402

let noon = Instant(unixSeconds: 1_800_000_000)

func units(_ amount: UInt128) -> Amount { Amount(units: amount) }

func hash(_ text: String) -> Hash32 { Keccak256.hash(utf8: text) }

/// Somebody with a key.
struct Person: Sendable {
    let address: Address
    private let secret: [UInt8]

    init(_ name: String) {
        secret = hash("the key of \(name)").bytes
        address = Self.key(secret).address
    }

    var publicKey: PublicKey { Self.key(secret).publicKey }

    func sign(_ digest: Hash32) -> Signature { Self.key(secret).sign(digest) }

    private static func key(_ secret: [UInt8]) -> PrivateKey {
        // A hash that is no key turns up once in 2^128.
        guard let key = PrivateKey(secret) else { preconditionFailure("the hash is not a key") }
        return key
    }

    static let alice = Person("Alice")
    static let bob = Person("Bob")
    /// Signs redemptions for Bob.
    static let clerk = Person("Bob's clerk")
    static let mallory = Person("Mallory")
    static let token = Person("the token").address
}

/// Alice's fund, of which Bob has a seat, seen from both sides, with the contract between them.
struct Scene {
    static let domain: ContractDomain = {
        guard let domain = ContractDomain(.lottery, on: Network(evm: 84_532)) else {
            preconditionFailure("a chain of the EVM has a domain")
        }
        return domain
    }()
    static let secrets = PayeeSecrets(root: hash("Bob's root"))
    static let payeeKey = PayeeKey(in: domain, secrets: secrets) { Person.clerk.sign($0) }
    static let offer = PrepaidOffer(
        receiver: Person.bob.address, receiverAuthorizer: Person.clerk.address,
        token: Token(
            domain: TokenDomain(address: Person.token, name: "USDC", version: "2"), symbol: "USDC", decimals: 6),
        domain: domain)

    let terms: LotteryTerms
    let id: ChannelID
    var contract: LotteryContract
    var block = Block(height: 1, time: noon)
    var alice: LotteryPayer
    var bob: LotteryChannel
    private var lastRequest: UInt64 = 0

    init(
        deposit: UInt128 = 1000, reserve: UInt128 = 4000, seats: UInt16 = 4, worstCase: UInt128 = 100_000,
        odds: UInt32 = 100, taking: [Person] = [.bob]
    ) throws {
        terms = LotteryTerms(
            payer: Person.alice.address, token: Person.token, deposit: units(deposit), reserve: units(reserve),
            seats: seats, expiry: UInt64(noon.unixSeconds) + 86_400, salt: hash("salt"))
        id = terms.channelID(in: Self.domain)
        contract = LotteryContract(terms)
        let context = ContractContext(domain: Self.domain, channel: id, block: block)
        _ = try contract.fund(terms.opening ?? .zero, by: terms.payer, in: context)
        for payee in taking {
            _ = try contract.carryOut(Self.taking(payee, of: id), in: context)
        }
        alice = LotteryPayer(
            id: id, terms: terms, payee: Person.bob.address, authorizer: Person.clerk.address,
            policy: LotteryPayer.Policy(worstCase: units(worstCase), odds: odds))
        bob = LotteryChannel(
            id: id, ledger: ContractSnapshot(state: contract, block: block), in: Self.domain,
            payee: Person.bob.address)
    }

    /// Who signs redemptions for a payee: for Bob his clerk, and everybody else does so alone.
    static func authorizer(of payee: Person) -> Person { payee.address == Person.bob.address ? .clerk : payee }

    static func seat(
        _ payee: Person, authorizer: Person? = nil, of id: ChannelID, by signer: Person = .alice
    ) -> Signature {
        let authorizer = authorizer ?? Self.authorizer(of: payee)
        return signer.sign(
            LotterySeat.digest(for: payee.address, authorizer: authorizer.address, of: id, in: domain))
    }

    static func taking(_ payee: Person, authorizer: Person? = nil, of id: ChannelID) -> LotteryContract.Order {
        .takeSeat(
            payee.address, authorizer: (authorizer ?? Self.authorizer(of: payee)).address,
            signature: seat(payee, authorizer: authorizer, of: id))
    }

    var snapshot: ContractSnapshot<LotteryContract> { ContractSnapshot(state: contract, block: block) }

    mutating func request() -> ReservationID {
        lastRequest += 1
        return ReservationID(lastRequest)
    }

    func reservation(_ id: ReservationID, _ price: UInt128, at now: Instant = noon) -> Purse.Reservation {
        Purse.Reservation(id: id, price: units(price), until: now.advanced(bySeconds: 60))
    }

    var secret: Hash32 { Self.secrets.secret(of: id, epoch: bob.epoch) }

    /// A ticket for what Bob promises now, which draws what it should.
    ///
    /// It wins once in two times, and so is worth half its face.
    func ticket(
        _ nonce: UInt64, faceValue: UInt128 = 100, wins: Bool = false, change: (inout LotteryTicket) -> Void = { _ in }
    ) -> LotteryTicket {
        var ticket = LotteryTicket(
            payee: Person.bob.address, commitment: bob.commitment(with: Self.secrets), nonce: nonce,
            faceValue: units(faceValue), threshold: 1 << 63, expiry: UInt64(noon.unixSeconds) + 3600)
        change(&ticket)
        while ticket.wins(sign(ticket), secret: secret) != wins, ticket.threshold != .max { ticket.expiry += 1 }
        return ticket
    }

    func sign(_ ticket: LotteryTicket, by signer: Person = .alice) -> Signature {
        signer.sign(ticket.digest(for: id, in: Self.domain))
    }

    func verified(_ ticket: LotteryTicket, by signer: Person = .alice) throws -> LotteryPayment {
        try verified(.ticket(ticket, sign(ticket, by: signer)))
    }

    func verified(_ payment: UnverifiedLotteryPayment) throws -> LotteryPayment {
        try bob.verify(payment, under: Self.offer, in: Self.domain, secrets: Self.secrets)
    }

    /// Bob takes a ticket for a request of this price.
    @discardableResult
    mutating func take(
        _ ticket: LotteryTicket, price: UInt128 = 0, at now: Instant = noon
    ) throws -> [LotteryChannel.Effect] {
        try bob.apply(.paid(verified(ticket), price: units(price), at: now))
    }

    /// The order that redeems a ticket.
    func redeeming(
        _ ticket: LotteryTicket, secret: Hash32, authorizer: Person = .clerk
    ) -> LotteryContract.Order {
        LotteryWinner(ticket: ticket, signature: sign(ticket), secret: secret)
            .order(authorizedBy: authorizer.sign(ticket.redemptionDigest(for: id, in: Self.domain)))
    }

    /// What Bob hands in for a winner.
    func order(for winner: LotteryWinner) -> LotteryContract.Order {
        winner.recovering(Person.alice.address, of: id, in: Self.domain)
            .order(authorizedBy: Person.clerk.sign(winner.digest(of: id, in: Self.domain)))
    }

    /// Has the contract pay Bob's next winner, and tells Bob nothing yet.
    @discardableResult
    mutating func redeem(at now: Instant = noon) throws -> [Payout] {
        guard let winner = bob.redemption else { return [] }
        return try order(order(for: winner), at: now)
    }

    /// What the contract pays for an order in a new block.
    @discardableResult
    mutating func order(_ order: LotteryContract.Order, at now: Instant = noon) throws -> [Payout] {
        block = Block(height: block.height + 1, time: now)
        return try contract.carryOut(
            order, in: ContractContext(domain: Self.domain, channel: id, block: block))
    }

    var statement: LotteryPayer.Statement {
        LotteryPayer.Statement(
            authorised: bob.purse.authorised, charged: bob.purse.charged, credit: bob.purse.credit,
            commitment: bob.commitment(with: Self.secrets), nonce: bob.nonce, seat: bob.room)
    }
}
