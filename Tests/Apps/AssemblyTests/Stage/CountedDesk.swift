// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingMemoryStore
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

/// A desk of its own over the ledger of a shop, where what is handed in is counted, and takes as long as a test says.
struct CountedDesk<Scheme: PrepaidOrders> {
    let shop: PrepaidShop
    let store: MemoryStore
    let slow: SlowContracts
    let books: PrepaidBooks<Scheme>
    let desk: PrepaidDesk<Scheme>

    /// - Parameter store: Another desk's, as if this were a new process.
    init(
        _ shop: PrepaidShop, _ rules: DepositRules? = nil, caps: UnclaimedCaps = UnclaimedCaps(),
        store: MemoryStore = MemoryStore()
    ) throws {
        self.shop = shop
        self.store = store
        slow = SlowContracts(try shop.ledger)
        let made = PrepaidBooks<Scheme>(
            store: store, settlement: slow, payee: shop.node.configuration.payTo,
            authorizer: shop.node.books.signer, caps: caps, logger: shop.node.logger,
            clock: { [clock = shop.clock] in clock.now })
        books = try #require(made)
        desk = PrepaidDesk(
            books: books,
            offer: PrepaidOffer(
                receiver: shop.node.configuration.payTo, receiverAuthorizer: shop.node.books.authorizer,
                token: PrepaidShop.token, domain: books.domain), deposits: rules)
    }

    /// What waits in the outbox.
    var outbox: Int {
        get async throws { try await store.pendingEffects(after: nil, limit: 1000).count }
    }

    var unclaimed: Amount { books.index.unclaimed(of: PrepaidShop.token.address) }
    var reserved: Amount { books.index.reserved(of: PrepaidShop.token.address) }

    func admit(_ payload: PrepaidPayload<Scheme>) async throws -> Admission {
        let offer = try #require(desk.offers(for: PrepaidShop.price).first)
        return try await desk.admit(PaymentPayload(accepted: offer.json, payload: payload.json), for: offer)
    }

    /// - Returns: The code of the refusal, or `nil` when the payment was admitted.
    func pay(_ payload: PrepaidPayload<Scheme>) async throws -> String? {
        let admission = try await admit(payload)
        guard let payment = admission.payment else { return admission.refusal ?? "neither" }
        _ = try await payment.charge(PrepaidShop.price)
        return nil
    }

    /// Sends copies of payloads all at once, while the contract takes its time over the first.
    ///
    /// - Returns: For how many of them the answer is one that the closure looks for.
    func together(
        _ copies: Int, of payloads: PrepaidPayload<Scheme>..., isWanted: @escaping @Sendable (Admission) -> Bool
    ) async throws -> Int {
        slow.barrier.lower()
        async let found = withThrowingTaskGroup(of: Bool.self) { group in
            for payload in payloads {
                for _ in 0..<copies { group.addTask { isWanted(try await admit(payload)) } }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        await slow.barrier.hold(1)
        // Those that would be sent as well are on their way by then.
        try await Task.sleep(for: .milliseconds(300))
        slow.barrier.lift()
        return try await found
    }
}

extension CountedDesk<HashChainChannel> {
    /// A channel that has paid once, and whose close waits because the settlement is down from then on.
    func closeInVain() async throws -> HashChainPayer {
        var payer = try shop.channel()
        let funding = try shop.funding(payer.id, with: payer.terms.deposit)
        let step = try #require(
            try payer.apply(.paymentAsked(ReservationID(0), price: PrepaidShop.price, longest: 100)))
        #expect(try await pay(.open(payer.terms, funding, UnverifiedHashChainStep(step))) == nil)
        slow.setDown(true)
        #expect(try await admit(.close(payer.id, UnverifiedHashChainStep(step))).deferral != nil)
        return payer
    }
}
