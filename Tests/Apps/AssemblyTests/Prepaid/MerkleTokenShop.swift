// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingMemoryStore
import FarthingMerkleTokenScheme
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Logging
import Testing

@testable import FarthingAssembly

/// A shop that takes Merkle tokens, on a store that can fail and a real ledger, and one who buys there.
struct MerkleTokenShop {
    static let price = units(1000)
    static let token = PrepaidShop.token
    static let payee = Address(Keccak256.hash(utf8: "shop").bytes.suffix(20)) ?? .zero
    static let other = Address(Keccak256.hash(utf8: "another shop").bytes.suffix(20)) ?? .zero

    let store: FaultyStore
    let ledger: Ledger
    let clock: TestClock
    let buyer: KeySigner
    let books: PrepaidBooks<MerkleTokenChannel>
    let desk: PrepaidDesk<MerkleTokenChannel>

    static func open() async throws -> MerkleTokenShop {
        let clock = TestClock()
        let domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
        let ledger = try Ledger(path: nil, domain: domain, clock: { clock.now })
        try await ledger.addToken(token)
        let shop = try MerkleTokenShop(MemoryStore(), ledger: ledger, clock: clock)
        try await ledger.mint(to: shop.buyer.address, token: token.address, amount: units(10_000_000))
        try await shop.books.open()
        return shop
    }

    private init(
        _ store: any ChannelStore, ledger: Ledger, clock: TestClock, through settlement: (any ContractSettlement)? = nil
    ) throws {
        self.store = FaultyStore(store)
        self.ledger = ledger
        self.clock = clock
        guard let buyerKey = PrivateKey([UInt8](repeating: 0x41, count: 32)),
            let sellerKey = PrivateKey([UInt8](repeating: 0x42, count: 32))
        else { throw Till.NotTaken() }
        buyer = KeySigner(buyerKey)
        let signer = KeySigner(sellerKey)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let made = PrepaidBooks<MerkleTokenChannel>(
            store: self.store, settlement: settlement ?? ledger, payee: Self.payee, authorizer: signer, logger: logger,
            clock: { clock.now })
        books = try #require(made)
        desk = PrepaidDesk(
            books: books,
            offer: PrepaidOffer(
                receiver: Self.payee, receiverAuthorizer: signer.address, token: Self.token, domain: books.domain))
    }

    /// The same store and ledger in the hands of a new process, which has done what a node does at its start.
    ///
    /// - Parameter settlement: A road to the ledger; `nil` for the ledger itself.
    func reopened(through settlement: (any ContractSettlement)? = nil) async throws -> MerkleTokenShop {
        let next = try MerkleTokenShop(store.inner, ledger: ledger, clock: clock, through: settlement)
        try await next.books.open()
        return next
    }

    /// A channel that nobody has funded yet: tokens of 500 for this shop, and some for another.
    func channel(count: UInt32 = 10, salt: String = "salt") throws -> MerkleTokenPayer {
        let plan = try #require(
            MerkleTokenPlan([
                MerkleTokenPlan.Share(payee: Self.other, count: 3, amount: units(500)),
                MerkleTokenPlan.Share(payee: Self.payee, count: count, amount: units(500)),
            ]))
        return try #require(
            MerkleTokenPayer(
                plan, seed: Keccak256.hash(utf8: "seed"), payer: buyer.address, token: Self.token.address,
                expiry: UInt64(clock.now.unixSeconds) + 86_400, salt: Keccak256.hash(utf8: salt), in: books.domain))
    }

    func funding(of payer: MerkleTokenPayer) -> Funding {
        var funding = Funding(
            payer: payer.terms.payer, amount: payer.terms.deposit ?? .zero,
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: UInt64(clock.now.unixSeconds) + 3600, salt: .zero,
                signature: buyer.signNow(.zero)))
        let digest = books.domain.depositDigest(funding, of: payer.id, token: Self.token.domain)
        funding.authorization.signature = buyer.signNow(digest)
        return funding
    }

    // MARK: - Buying

    enum Answer {
        case served(JSON)
        case refused(code: String, correction: JSON?)
        case other

        var code: String? { if case .refused(let code, _) = self { code } else { nil } }
        var state: JSON? { if case .served(let state) = self { state } else { nil } }
    }

    /// - Parameter fails: Whether whoever serves the request fails at it.
    func send(
        _ payload: PrepaidPayload<MerkleTokenChannel>, price: Amount = price, fails: Bool = false
    ) async throws -> Answer {
        let offer = try #require(desk.offers(for: price).first)
        switch try await desk.admit(PaymentPayload(accepted: offer.json, payload: payload.json), for: offer) {
        case .admitted(let payment):
            if fails {
                await payment.release()
                return .other
            }
            let response = try await payment.charge(price)
            return .served(response.extra?["channelState"] ?? [:])
        case .refused(let refusal):
            return .refused(code: refusal.code, correction: refusal.correction?["channelState"])
        case .settled, .deferred: return .other
        }
    }

    /// Opens a channel with its first payment.
    func open(_ payer: inout MerkleTokenPayer) async throws -> Answer {
        let tokens = try asked(&payer, 0, Self.price)
        return try await send(.open(payer.terms, funding(of: payer), tokens))
    }

    func pay(
        _ payer: inout MerkleTokenPayer, request: UInt64, price: Amount = price, fails: Bool = false
    ) async throws -> Answer {
        try await send(.payment(payer.id, try asked(&payer, request, price)), price: price, fails: fails)
    }

    func asked(_ payer: inout MerkleTokenPayer, _ request: UInt64, _ price: Amount) throws -> UnverifiedMerkleTokens {
        try #require(
            try payer.apply(.paymentAsked(ReservationID(request), price: price, most: 64), of: Self.payee))
    }

    /// Pays for requests that are answered.
    func sell(_ requests: ClosedRange<UInt64>, to payer: inout MerkleTokenPayer, price: Amount = price) async throws {
        for request in requests {
            let answer = try await pay(&payer, request: request, price: price)
            try served(&payer, request, answer, price: price)
        }
    }

    func served(
        _ payer: inout MerkleTokenPayer, _ request: UInt64, _ answer: Answer, price: Amount = price
    ) throws {
        let members = JSONMembers(answer.state)
        _ = try payer.apply(
            .served(
                ReservationID(request), charged: price, total: try members.amount("charged"),
                floor: try members.number("floor")), of: Self.payee)
    }

    var balance: Amount {
        get async throws { try await ledger.balance(of: Self.payee, token: Self.token.address) }
    }

    /// How many proofs lie in the outbox.
    var kept: Int {
        get async throws { try await store.pendingEffects(after: nil, limit: 10_000).count }
    }
}
