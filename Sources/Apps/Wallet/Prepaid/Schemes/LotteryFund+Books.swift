// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingLotteryScheme
public import FarthingPrimitives
public import FarthingX402

extension LotteryFund: PayerBooks {
    public typealias Wire = LotteryChannel

    public static var paysMany: Bool { true }
    public var payer: Address { terms.payer }
    public var payees: [Address] { payers.keys.sorted() }
    public var expiry: Instant? { Instant(unixSeconds: Int64(clamping: terms.expiry)) }
    public var deposit: Amount { terms.opening ?? .max }
    /// What the tickets are worth, on average; luck decides what is taken.
    public var authorised: Amount { payers.values.reduce(.zero) { $0.adding($1.spent) ?? .max } }
    public func purse(of payee: Address) -> PayerPurse? { payers[payee]?.purse }

    public func untold(by payee: Address) -> Amount? { payers[payee]?.untold ?? .zero }

    /// A ticket can win no more than the payee's seat has left, and must be worth less than it wins.
    public func available(for payee: Address) -> Amount {
        guard payers[payee] != nil || hasSeat else { return .zero }
        return min(payers[payee]?.told?.seat ?? terms.share, terms.share).clampedSubtracting(Amount(units: 1))
    }

    /// Each payee has a seat of the target, and all of them share a deposit of as much.
    public static func deposit(for opening: PayerOpening) -> Amount {
        share(opening).multiplied(by: UInt128(opening.seats) + 1) ?? .max
    }

    /// More than the price, and as much as the payee wants a ticket to win, or no ticket could be signed.
    private static func share(_ opening: PayerOpening) -> Amount {
        max(opening.target, opening.price.multiplied(by: 2) ?? .max, opening.offer.minimumFaceValue ?? .zero)
    }

    public static func opened(_ opening: PayerOpening, by signer: any Signer) async throws -> LotteryFund {
        let share = share(opening)
        let seats = UInt16(clamping: min(opening.seats, Int(LotteryTerms.seatCounts.upperBound)))
        let terms = LotteryTerms(
            payer: opening.payer, token: opening.offer.token.address, deposit: share,
            reserve: share.multiplied(by: UInt128(seats)) ?? .max, seats: seats,
            expiry: UInt64(clamping: opening.expiry.unixSeconds), salt: opening.salt)
        // What is locked is all that tickets can win, and the policy has a limit for that.
        return LotteryFund(
            id: terms.channelID(in: opening.offer.domain), terms: terms, policy: LotteryPayer.Policy(worstCase: .max))
    }

    public mutating func pay(
        _ request: ReservationID, price: Amount, under offer: PrepaidOffer, at now: Instant
    ) throws -> LotteryPayer.Payment {
        let payment = try pay(
            request, price: price, longest: offer.longestStride, leastFace: offer.minimumFaceValue ?? .zero,
            to: offer.receiver, authorizer: offer.receiverAuthorizer, at: now)
        guard let payment else {
            throw LotteryPayer.Refusal.purse(.unknownRequest)
        }
        return payment
    }

    /// A seat is taken before the first ticket, and the answer tells what the ticket is for.
    public static func isIntroduction(_ step: LotteryPayer.Payment) -> Bool { step == .seat }

    public func signed(
        _ step: LotteryPayer.Payment, under offer: PrepaidOffer, by signer: any Signer
    ) async throws -> UnverifiedLotteryPayment {
        switch step {
        case .seat:
            let digest = LotterySeat.digest(
                for: offer.receiver, authorizer: offer.receiverAuthorizer, of: id, in: offer.domain)
            return .seat(try await signer.sign(digest))
        case .ticket(let ticket):
            return .ticket(ticket, try await signer.sign(ticket.digest(for: id, in: offer.domain)))
        }
    }

    public mutating func served(_ request: ReservationID, charged: Amount, _ word: PayeeWord) throws {
        _ = try apply(.served(request, charged: charged, try LotteryPayer.Statement(word.members)), of: word.payee)
    }

    public mutating func corrected(_ request: ReservationID, _ word: PayeeWord) throws {
        _ = try apply(.corrected(request, try LotteryPayer.Statement(word.members)), of: word.payee)
    }

    /// Whoever asks for its seat again has not paid anything.
    public func asking(
        _ payee: Address, in domain: ContractDomain, by signer: any Signer
    ) async throws -> UnverifiedLotteryPayment? {
        guard let payer = payers[payee] else { return nil }
        return .seat(try await signer.sign(payer.seatDigest(in: domain)))
    }

    public mutating func told(_ word: PayeeWord) throws {
        _ = try apply(.stateTold(try LotteryPayer.Statement(word.members)), of: word.payee)
    }

    public mutating func catchUp(with word: PayeeWord, charged: Amount) throws {
        catchUp(with: try LotteryPayer.Statement(word.members), charged: charged, of: word.payee)
    }

    public mutating func repeated(_ request: ReservationID, to payee: Address) throws {
        _ = try apply(.repeated(request), of: payee)
    }

    public mutating func ended(_ request: ReservationID, by payee: Address, isKnown: Bool) throws {
        _ = try apply(isKnown ? .notServed(request) : .unanswered(request), of: payee)
    }

    public mutating func leaving(
        _ snapshot: ContractSnapshot<LotteryContract>, in domain: ContractDomain, by signer: any Signer
    ) async throws -> PayerLeaving<LotteryContract.Order> {
        observe(snapshot)
        return leaving(snapshot, reclaim: .reclaim)
    }
}
