// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// What could be done to the lottery of MuP2P, and to tickets in general, tried on ours.
@Suite("Mallory at a lottery contract")
struct LotteryContractAttackTests {
    let stage = LotteryStage()

    // MARK: - Tickets

    @Test func `cannot use a ticket of another payee, channel or chain (MuP2P 12: it binds nothing)`() throws {
        let ticket = stage.ticket()
        let signature = stage.sign(ticket)
        var contract = try stage.opened(seats: [.bob, .mallory])
        // Bob's ticket with her name in it, and her own promise.
        var hers = ticket
        hers.payee = Person.mallory.address
        hers.commitment = LotteryDraw.commitment(to: stage.secret(1), by: hers.payee, in: stage.channel)
        #expect(throws: LotteryContract.Refusal.ticketSignature) {
            try contract.send(
                .redeem(hers, signature: signature, secret: stage.secret(1), authorization: stage.authorize(hers)))
        }
        // The same ticket in another channel of Alice's, where she has promised the same secret.
        let other = LotteryStage(salt: "other")
        var elsewhere = try other.opened(seats: [.bob])
        var moved = ticket
        moved.commitment = LotteryDraw.commitment(to: stage.secret(1), by: moved.payee, in: other.channel)
        #expect(throws: LotteryContract.Refusal.ticketSignature) {
            try elsewhere.send(
                .redeem(moved, signature: signature, secret: stage.secret(1), authorization: stage.authorize(moved)))
        }
        #expect(throws: LotteryContract.Refusal.foreignSecret) {
            try elsewhere.send(
                .redeem(ticket, signature: signature, secret: stage.secret(1), authorization: stage.authorize(ticket)))
        }
        let mainnet = try #require(ContractDomain(.lottery, on: Network(evm: 1)))
        #expect(stage.terms.channelID(in: mainnet) != stage.channel)
        #expect(
            ticket.digest(for: stage.channel, in: mainnet) != ticket.digest(for: stage.channel, in: contract.domain))
    }

    @Test func `cannot change anything that a ticket says`() throws {
        var contract = try stage.opened()
        let signature = stage.sign(stage.ticket())
        for change in [
            { $0.nonce += 1 }, { $0.faceValue = units(21) }, { $0.threshold -= 1 }, { $0.expiry -= 1 },
        ] as [(inout LotteryTicket) -> Void] {
            let changed = stage.ticket(change: change)
            #expect(throws: LotteryContract.Refusal.ticketSignature) {
                try contract.send(
                    .redeem(
                        changed, signature: signature, secret: stage.secret(1), authorization: stage.authorize(changed))
                )
            }
        }
    }

    @Test func `is not paid twice for one ticket (MuP2P 12: repeatedly)`() throws {
        var contract = try stage.opened()
        for nonce in [1, 2] as [UInt64] { try contract.send(stage.redeem(stage.ticket(nonce))) }
        #expect(throws: LotteryContract.Refusal.staleNonce(nonce: 1, redeemed: 2)) {
            try contract.send(stage.redeem(stage.ticket(1)))
        }
        #expect(try contract.send(stage.redeem(stage.ticket(2))) == [])
        // Nor for another ticket of the same number.
        #expect(try contract.send(stage.redeem(stage.ticket(2, faceValue: 99))) == [])
        #expect(contract.paid(to: .bob) == units(40))
    }

    @Test func `fills no seats, and takes nobody's`() throws {
        var contract = try stage.opened(seats: [])
        #expect(throws: LotteryContract.Refusal.seatSignature) {
            try contract.send(stage.seat(.mallory, by: .mallory))
        }
        guard case .takeSeat(_, let clerk, let bobs) = stage.seat(.bob) else { return }
        for order in [
            .takeSeat(Person.mallory.address, authorizer: clerk, signature: bobs),
            .takeSeat(Person.bob.address, authorizer: Person.mallory.address, signature: bobs),
        ] as [LotteryContract.Order] {
            #expect(throws: LotteryContract.Refusal.seatSignature) { try contract.send(order) }
        }
        let other = LotteryStage(salt: "other").seat(.mallory)
        #expect(throws: LotteryContract.Refusal.seatSignature) { try contract.send(other) }
    }

    // MARK: - Overtaking

    @Test func `as the payer voids no winner with a ticket that it made for itself alone`() throws {
        var contract = try stage.opened()
        let winner = stage.ticket(3)
        // Her own secret, next to nothing, and the highest nonce: if it were paid, nothing else ever would be.
        let own = stage.ticket(.max, faceValue: 1)
        let known = contract.state
        for forger in [Person.alice, .mallory, .bob] {
            #expect(throws: LotteryContract.Refusal.redemptionSignature) {
                try contract.send(stage.redeem(own, authorizer: forger))
            }
        }
        #expect(contract.state == known)
        #expect(try contract.send(stage.redeem(winner)) == [Payout(to: Person.bob.address, units(20))])
    }

    @Test func `as the payer voids no winner with the secret that it saw on its way, nor with what was signed for it`()
        throws
    {
        var contract = try stage.opened()
        let winner = stage.ticket(3)
        let seen = stage.redeem(winner)
        guard case .redeem(_, _, let secret, let authorization) = seen else { return }
        let known = contract.state
        // Of a higher nonce, and of the same with a smaller face.
        for (nonce, face) in [(4, 1), (.max, 1), (3, 1)] as [(UInt64, UInt128)] {
            let overtaking = stage.ticket(nonce, faceValue: face) { $0.commitment = winner.commitment }
            #expect(overtaking.wins(stage.sign(overtaking), secret: secret))
            for stolen in [authorization, stage.authorize(overtaking, by: .alice), stage.sign(overtaking)] {
                #expect(throws: LotteryContract.Refusal.redemptionSignature) {
                    try contract.send(
                        .redeem(
                            overtaking, signature: stage.sign(overtaking), secret: secret, authorization: stolen))
                }
            }
        }
        #expect(contract.state == known)
        // Whoever hands in what was seen has it paid to its payee.
        #expect(try contract.send(seen) == [Payout(to: Person.bob.address, units(20))])
    }

    @Test func `as the payer gives a payee no seat with a key of its own beside the one that the payee has`() throws {
        var contract = try stage.opened()
        let known = contract.state
        #expect(throws: LotteryContract.Refusal.seatTaken(authorizer: LotteryStage.clerk.address)) {
            try contract.send(stage.seat(.bob, authorizer: .alice))
        }
        #expect(contract.state == known)
        // A seat that it gave first stays as it is, for all to see: the payee takes no tickets then.
        try contract.send(stage.seat(.carol, authorizer: .alice))
        #expect(throws: LotteryContract.Refusal.seatTaken(authorizer: Person.alice.address)) {
            try contract.send(stage.seat(.carol))
        }
        #expect(contract.state.seats[Person.carol.address]?.authorizer == Person.alice.address)
        // Nor does the key of one seat count at another.
        for payee in [Person.bob, .carol] {
            let other = payee == .bob ? Person.alice : LotteryStage.clerk
            #expect(throws: LotteryContract.Refusal.redemptionSignature) {
                try contract.send(stage.redeem(stage.ticket(for: payee), authorizer: other))
            }
        }
    }

    @Test func `uses no redemption that was signed for another ticket, channel, contract or chain`() throws {
        var contract = try stage.opened()
        let ticket = stage.ticket()
        let clerk = LotteryStage.clerk
        let mainnet = try #require(ContractDomain(.lottery, on: Network(evm: 1)))
        let lot = try #require(ContractDomain(.lot, on: Network(evm: 84_532)))
        let changes: [(inout LotteryTicket) -> Void] = [
            { $0.payee = Person.carol.address }, { $0.commitment = .zero }, { $0.nonce += 1 },
            { $0.faceValue = units(21) }, { $0.threshold -= 1 }, { $0.expiry -= 1 },
        ]
        let signatures =
            changes.map { stage.authorize(stage.ticket(change: $0)) } + [
                LotteryStage(salt: "other").authorize(ticket),
                clerk.sign(ticket.redemptionDigest(for: stage.channel, in: mainnet)),
                clerk.sign(ticket.redemptionDigest(for: stage.channel, in: lot)),
                // The ticket's own digest is what the payer signs.
                clerk.sign(ticket.digest(for: stage.channel, in: LotteryStage.domain)),
            ]
        for signature in signatures {
            #expect(throws: LotteryContract.Refusal.redemptionSignature) {
                try contract.send(
                    .redeem(ticket, signature: stage.sign(ticket), secret: stage.secret(1), authorization: signature))
            }
        }
        #expect(contract.paid(to: .bob) == .zero)
    }

    // MARK: - The draw

    @Test func `cannot change her secret when she has seen the signature (MuP2P 13: who draws last chooses)`() throws {
        let ticket = stage.ticket { $0.threshold = 1 << 60 }
        let signature = stage.sign(ticket)
        var contract = try stage.opened()
        let winning = try #require(
            (0..<1000).lazy.map { hash("try \($0)") }.first { ticket.wins(signature, secret: $0) })
        #expect(throws: LotteryContract.Refusal.foreignSecret) {
            try contract.send(
                .redeem(ticket, signature: signature, secret: winning, authorization: stage.authorize(ticket)))
        }
        // With another promise it is another ticket, which Alice did not sign.
        var promised = ticket
        promised.commitment = LotteryDraw.commitment(to: winning, by: ticket.payee, in: stage.channel)
        #expect(throws: LotteryContract.Refusal.ticketSignature) {
            try contract.send(
                .redeem(promised, signature: signature, secret: winning, authorization: stage.authorize(promised)))
        }
    }

    @Test func `cannot draw again with another form of the signature (MuP2P 15: s is malleable)`() throws {
        let ticket = stage.ticket()
        let signature = stage.sign(ticket)
        // The other s that belongs to the same key and message is no signature here.
        let mirrored = try #require(Hash32(MirrorImage.of(signature.s)))
        #expect(throws: Signature.Fault.highS) {
            try Signature(r: signature.r, s: mirrored, isOdd: !signature.isOdd)
        }
        // The other v is another key's, and would draw the same anyway.
        let flipped = try Signature(r: signature.r, s: signature.s, isOdd: !signature.isOdd)
        var contract = try stage.opened()
        #expect(throws: LotteryContract.Refusal.ticketSignature) {
            try contract.send(
                .redeem(
                    ticket, signature: flipped, secret: stage.secret(1), authorization: stage.authorize(ticket)))
        }
        for threshold in stride(from: UInt64(1) << 56, through: 1 << 63, by: 1 << 56) {
            var other = ticket
            other.threshold = threshold
            let secret = stage.secret(threshold)
            #expect(other.wins(signature, secret: secret) == other.wins(flipped, secret: secret))
        }
    }

    @Test func `draws the same in every block, so waiting does not help`() throws {
        let ticket = stage.ticket { $0.threshold = 1 }
        var contract = try stage.opened()
        for _ in 0..<20 {
            #expect(throws: LotteryContract.Refusal.self) { try contract.send(stage.redeem(ticket)) }
            contract.wait(seconds: 12)
        }
    }

    @Test func `as the payer cannot tell what a ticket draws, which depends on the payee's secret`() throws {
        let signature = stage.sign(stage.ticket())
        let numbers = (0..<1000).map {
            LotteryDraw.number(r: signature.r, s: signature.s, secret: hash("secret \($0)"))
        }
        #expect(Set(numbers).count == 1000)
        // Half of all secrets win half of the time, with one and the same signature.
        #expect((420...580).contains(numbers.count { $0 < 1 << 63 }))
    }

    // MARK: - The money

    @Test func `as the payer takes nothing out before the expiry (MuP2P 14: withdrawFunds at any time)`() throws {
        var contract = try stage.opened()
        contract.wait(seconds: 86_399)
        #expect(
            throws: LotteryContract.Refusal.notExpired(until: stage.terms.expiry, now: contract.block.time)
        ) { try contract.send(.reclaim) }
        #expect(throws: LotteryContract.Refusal.invalidPayee(Person.alice.address)) {
            try contract.send(stage.seat(.alice))
        }
        #expect(contract.paid(to: .alice) == .zero)
    }

    @Test func `as the payer's friend empties the deposit, and no other payee's seat`() throws {
        var contract = try stage.opened(seats: [.bob, .mallory])
        try contract.send(stage.redeem(stage.ticket(1, for: .mallory, faceValue: 1000)))
        #expect(contract.paid(to: .mallory) == units(110))
        #expect(throws: LotteryContract.Refusal.nothingLeft) {
            try contract.send(stage.redeem(stage.ticket(2, for: .mallory, faceValue: 1000)))
        }
        #expect(try contract.send(stage.redeem(stage.ticket(1))) == [Payout(to: Person.bob.address, units(10))])
    }

    @Test func `cannot make a payout fail that others need (MuP2P 15: a reverting winner)`() throws {
        var contract = try stage.opened()
        for account in [
            .zero, Person.token, contract.domain.contract, ContractDomain.ledgerAddress(of: .twoWay),
            SettlementDomain.standardContract,
        ] as [Address] {
            let clerk = LotteryStage.clerk.address
            let digest = LotterySeat.digest(
                for: account, authorizer: clerk, of: stage.channel, in: contract.domain)
            #expect(throws: LotteryContract.Refusal.invalidPayee(account)) {
                try contract.send(.takeSeat(account, authorizer: clerk, signature: Person.alice.sign(digest)))
            }
        }
    }

    @Test func `cannot be stuck by a lottery of no seats (MuP2P 15: division by zero)`() throws {
        let none = LotteryStage(seats: 0)
        #expect(none.terms.share == .zero)
        var contract = PlayedContract<LotteryContract>(none.terms, in: LotteryStage.domain)
        #expect(throws: LotteryContract.Refusal.terms(.seats(0))) { try contract.fund(140, by: .alice) }
        // Nor by a payer that is nobody, whose signature everything would be.
        let nobody = LotteryStage { $0.payer = .zero }
        #expect(stage.sign(stage.ticket()).isBy(nobody.terms.payer, over: hash("anything")) == false)
    }
}

/// The other value of `s` that makes a signature of the same message by the same key.
enum MirrorImage {
    /// The order of secp256k1 less `s`.
    static func of(_ s: Hash32) -> [UInt8] {
        var borrow = 0
        var result: [UInt8] = []
        for (digit, other) in zip(order.bytes, s.bytes).reversed() {
            let difference = Int(digit) - Int(other) - borrow
            borrow = difference < 0 ? 1 : 0
            result.append(UInt8(truncatingIfNeeded: difference))
        }
        return result.reversed()
    }

    private static let order =
        Hash32(hex: "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141") ?? .zero
}
