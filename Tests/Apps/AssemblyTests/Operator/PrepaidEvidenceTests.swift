// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingTwoWayScheme
import FarthingX402
import Testing

@testable import FarthingAssembly
@testable import FarthingLotteryScheme

/// What a payee keeps to be paid, changed or taken away as no node would.
@Suite("A look for what a payee could not be paid without", .timeLimit(.minutes(2)))
struct PrepaidEvidenceTests {
    private func faults(_ shop: PrepaidShop) async throws -> [String] {
        let configuration = shop.node.configuration
        return try await StoreInspector(
            storePath: configuration.storePath, place: .ledger(path: configuration.ledgerPath, newOn: nil)
        ).verify().faults
    }

    /// Puts another state in a channel's place, with effects or without them.
    private func replace<Scheme: PrepaidOrders>(
        _ channel: Scheme, by state: [UInt8]? = nil, effects: [Scheme.Effect] = [], at shop: PrepaidShop
    ) async throws {
        let record = try #require(try await shop.node.store.load(channel.id))
        _ = try await shop.node.store.commit(
            ChannelCommit(
                channel: channel.id, scheme: record.scheme, state: state ?? channel.stored,
                effects: effects.map(Scheme.stored)), over: record.version)
    }

    private func state<Scheme: PrepaidOrders>(
        _: Scheme.Type, of id: ChannelID, at shop: PrepaidShop
    ) async throws -> Scheme {
        try Scheme(stored: try #require(try await shop.node.store.load(id)).state)
    }

    /// The stored form with the first of some bytes flipped.
    private func flipped(_ state: [UInt8], _ bytes: some Sequence<UInt8>) throws -> [UInt8] {
        let place = try #require(state.firstRange(of: Array(bytes)))
        var state = state
        state[place.lowerBound] ^= 1
        return state
    }

    // MARK: - Hash chains

    @Test func `misses a close that nobody will hand in, and finds a step of another chain`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            let open = try await state(HashChainChannel.self, of: payer.id, at: shop)
            var closing = open
            let shown = try UnverifiedHashChainStep(payer.revealed).verified(
                after: HashChainStep(index: 0, value: payer.terms.anchor), of: payer.terms, tag: open.tag, longest: 100)
            let effects = try closing.apply(.closeAsked(shown))
            try await replace(closing, at: shop)
            #expect(try await faults(shop) == ["channel \(payer.id): it waits for a close that nobody will hand in"])
            try await replace(closing, effects: effects, at: shop)
            #expect(try await faults(shop) == [])

            try await replace(open, by: try flipped(open.stored, open.best.value.bytes), at: shop)
            #expect(
                try await faults(shop) == ["channel \(payer.id): its furthest step does not lead to the anchor"])
        }
    }

    // MARK: - Two-way channels

    @Test func `misses an end that nobody will hand in, and finds a state that nobody signed`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            let open = try await state(TwoWayChannel.self, of: payer.id, at: shop)
            #expect(try await faults(shop) == [])
            let proof = try #require(open.party.proof)
            try await replace(open, by: try flipped(open.stored, proof.signature.bytes), at: shop)
            #expect(
                try await faults(shop) == ["channel \(payer.id): its newest state is not signed by the payer"])

            guard case .signClose(let end)? = try payer.apply(.closeAsked(credit: .zero)).first else {
                Issue.record("the payer signs no end")
                return
            }
            let wish = try shop.signed(end, of: payer.id, isClose: true).verified(
                by: .first, under: payer.terms, of: payer.id, in: try shop.domain)
            var ending = open
            let effects = try ending.apply(.closeAsked(try #require(wish)))
            try await replace(ending, at: shop)
            #expect(try await faults(shop) == ["channel \(payer.id): it waits for an end that nobody will hand in"])
            try await replace(ending, effects: effects, at: shop)
            #expect(try await faults(shop) == [])
        }
    }

    // MARK: - Tokens

    private func tokens(_ shop: PrepaidShop) throws -> MerkleTokenPayer {
        let payee = shop.node.configuration.payTo
        let plan = try #require(
            MerkleTokenPlan([MerkleTokenPlan.Share(payee: payee, count: 10, amount: Amount(units: 500))]))
        return try #require(
            MerkleTokenPayer(
                plan, seed: Keccak256.hash(utf8: "seed"), payer: shop.buyer.address, token: PrepaidShop.token.address,
                expiry: UInt64(shop.clock.now.unixSeconds) + 86_400, salt: Keccak256.hash(utf8: "salt"),
                in: try shop.domain))
    }

    @Test func `misses proofs that are gone, and finds one of a token that is not in the tree`() async throws {
        try await PrepaidShop.open(.merkleToken) { shop, _ in
            var payer = try tokens(shop)
            let asked = try payer.apply(
                .paymentAsked(ReservationID(0), price: PrepaidShop.price, most: 64),
                of: shop.node.configuration.payTo)
            let answer = try await shop.send(
                PrepaidPayload<MerkleTokenChannel>.open(
                    payer.terms, try shop.funding(payer.id, with: payer.terms.deposit), try #require(asked)))
            #expect(answer.state != nil, "\(answer)")
            let kept = try await shop.node.store.pendingEffects(after: nil, limit: 10)
            #expect(kept.count == 2)
            #expect(try await faults(shop) == [])

            let first = try #require(kept.first)
            let (paid, proof, total) =
                switch try MerkleTokenChannel.effect(stored: first.body) {
                case .keep(let token, let proof, let total): (token, proof, total)
                }
            var token = paid
            token.secret = .zero
            let channel = try await state(MerkleTokenChannel.self, of: payer.id, at: shop)
            try await replace(channel, effects: [.keep(token, proof, total: total)], at: shop)
            let found = try await faults(shop)
            #expect(found.count == 1)
            #expect(found.first?.hasSuffix("its token is not one of its channel's, or not the payee's") == true)
            let forged = try #require(try await shop.node.store.pendingEffects(after: nil, limit: 10).last)
            try await shop.node.store.acknowledge(forged.id)
            #expect(try await faults(shop) == [])

            try await shop.node.store.acknowledge(first.id)
            let gone = "channel \(payer.id): proofs of tokens that it was paid with are gone"
            #expect(try await faults(shop) == [gone])
        }
    }

    // MARK: - Tickets

    @Test func `misses the order to redeem a ticket, and finds one that has not won`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            var payer = try shop.lottery()
            _ = try await shop.open(&payer)
            _ = try await shop.pay(&payer, request: 1)
            // Should it have won, it is paid beside the requests.
            while try await !shop.node.store.pendingEffects(after: nil, limit: 1).isEmpty {
                try await shop.node.catchUp()
            }
            let (id, domain) = (payer.id, try shop.domain)
            let open = try await state(LotteryChannel.self, of: id, at: shop)
            let secret = Keccak256.hash(utf8: "secret")
            func channel(_ secret: Hash32, threshold: UInt64 = .max) -> (LotteryChannel, LotteryWinner) {
                let ticket = LotteryTicket(
                    payee: open.payee, commitment: LotteryDraw.commitment(to: secret, by: open.payee, in: id),
                    nonce: 1000,
                    faceValue: Amount(units: 2000), threshold: threshold, expiry: open.terms.expiry)
                let winner = LotteryWinner(
                    ticket: ticket, signature: shop.buyer.signNow(ticket.digest(for: id, in: domain)), secret: secret)
                let channel = LotteryChannel(
                    id: id, terms: open.terms, payee: open.payee, phase: .open, epoch: 1000, nonce: 1000, signer: nil,
                    purse: open.purse, seat: open.seat, freeSeats: open.freeSeats, unredeemed: [winner],
                    readIn: open.readIn, lastPaidAt: nil)
                return (channel, winner)
            }
            let (won, winner) = channel(secret)
            try await replace(won, at: shop)
            let found = try await faults(shop)
            #expect(found == ["channel \(id): a ticket that has won will not be redeemed"], "\(found)")
            try await replace(won, effects: [.redeem(winner)], at: shop)
            #expect(try await faults(shop) == [])

            let (lost, _) = channel(secret, threshold: 1)
            try await replace(lost, at: shop)
            #expect(
                try await faults(shop).contains("channel \(id): its ticket 1000 is not signed, or has not won"))
            try await replace(won, by: try flipped(won.stored, winner.signature.bytes), at: shop)
            #expect(
                try await faults(shop).contains("channel \(id): its ticket 1000 is not signed, or has not won"))
        }
    }
}
