// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// What came from outside: nobody has looked at a signature yet.
public enum UnverifiedLotteryPayment: Hashable, Sendable {
    /// No ticket yet: the payer hands in the payee's seat, with the authorizer of the offer, and asks what the payee
    /// promises.
    case seat(Signature)
    case ticket(LotteryTicket, Signature)
}

extension LotteryChannel {
    /// Checks a ticket by itself; it is drawn when somebody asks for ``LotteryPayment/winner``.
    ///
    /// What it draws decides nothing here, not even how long it takes: a payer could learn that from a refusal, or from
    /// the time of an answer, and pay only with tickets that lose.
    ///
    /// - Parameters:
    ///   - authorizer: Whose key signs redemptions for us. Where another signs for our seat, no winner is ours to
    ///     redeem.
    ///   - longest: A ticket may win so rarely as once in so many times.
    ///   - leastFace: A ticket must win so much at least: each that wins costs us a transaction, whatever it pays.
    public func verify(
        _ payment: UnverifiedLotteryPayment, authorizer: Address, longest: UInt32, leastFace: Amount = .zero,
        in domain: ContractDomain, secrets: PayeeSecrets
    ) throws(Refusal) -> LotteryPayment {
        guard let seat else { throw seatRefusal(payment, authorizer: authorizer, in: domain) }
        guard seat.authorizer == authorizer else { throw .seatAuthorizer(seat.authorizer) }
        guard case .ticket(let ticket, let signature) = payment else { throw .commitment }
        guard ticket.payee == payee else { throw .foreignPayee(ticket.payee) }
        let promise = promise(of: secrets)
        guard ticket.commitment == promise.commitment else { throw .commitment }
        guard ticket.nonce > nonce else { throw .staleNonce(nonce: ticket.nonce, last: nonce) }
        guard !ticket.expectedValue.isZero else { throw .worthless }
        let least = Self.leastThreshold(longest: longest)
        guard ticket.threshold >= least else { throw .longOdds(threshold: ticket.threshold, least: least) }
        guard ticket.faceValue >= leastFace else { throw .smallFace(ticket.faceValue, least: leastFace) }
        guard ticket.expiry <= terms.expiry else {
            throw .outlivesChannel(ticket: ticket.expiry, channel: terms.expiry)
        }
        let digest = ticket.digest(for: id, in: domain)
        return LotteryPayment(
            ticket: ticket, signature: signature, signer: try signer(of: signature, over: digest), epoch: epoch,
            promise: promise)
    }

    /// The lowest threshold of tickets that win at least once in so many times.
    public static func leastThreshold(longest: UInt32) -> UInt64 { max(1, .max / UInt64(max(1, longest))) }

    /// Recovers the key of the channel's first ticket, and checks later ones against it, which is cheaper.
    private func signer(of signature: Signature, over digest: Hash32) throws(Refusal) -> PublicKey {
        if let signer {
            guard signer.verifies(signature, over: digest) else { throw .ticketSignature }
            return signer
        }
        guard let signer = PublicKey(recovering: signature, over: digest), signer.address == terms.payer else {
            throw .ticketSignature
        }
        return signer
    }

    private func seatRefusal(
        _ payment: UnverifiedLotteryPayment, authorizer: Address, in domain: ContractDomain
    ) -> Refusal {
        guard case .seat(let signature) = payment else { return .noSeat(payee) }
        return isSeat(signature, authorizer: authorizer, in: domain) ? .noSeat(payee) : .seatSignature
    }

    /// Whether the payer has signed a seat for us, with this authorizer.
    func isSeat(_ signature: Signature, authorizer: Address, in domain: ContractDomain) -> Bool {
        signature.isBy(
            terms.payer, over: LotterySeat.digest(for: payee, authorizer: authorizer, of: id, in: domain))
    }
}

/// A ticket whose signature was checked when it was made.
public struct LotteryPayment: Hashable, Sendable {
    public let ticket: LotteryTicket
    /// Its `v` may be wrong: checking against a key does not look at it.
    public let signature: Signature
    /// Kept with the channel, because checking against a parsed key is cheaper than recovering it.
    public let signer: PublicKey
    /// Which of the payee's secrets it is drawn with.
    public let epoch: UInt64
    /// What it is drawn with; used up when it has won.
    let promise: LotteryPromise

    fileprivate init(
        ticket: LotteryTicket, signature: Signature, signer: PublicKey, epoch: UInt64, promise: LotteryPromise
    ) {
        self.ticket = ticket
        self.signature = signature
        self.signer = signer
        self.epoch = epoch
        self.promise = promise
    }

    /// What proves that the ticket has won; `nil` when it has not.
    public var secret: Hash32? { ticket.wins(signature, secret: promise.secret) ? promise.secret : nil }

    /// What the contract needs when the ticket has won.
    ///
    /// To be asked for when the ticket is taken for good, and not before.
    public var winner: LotteryWinner? {
        secret.map { LotteryWinner(ticket: ticket, signature: signature, secret: $0) }
    }
}

extension LotteryPayment {
    public static func == (left: LotteryPayment, right: LotteryPayment) -> Bool {
        left.ticket == right.ticket && left.signature == right.signature && left.signer == right.signer
            && left.epoch == right.epoch && left.promise.secret == right.promise.secret
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(ticket)
        hasher.combine(signature)
    }
}

/// A ticket that has won, and what proves it.
///
/// Its secret is used up: no other ticket is taken that would be drawn with it.
public struct LotteryWinner: Hashable, Sendable {
    public let ticket: LotteryTicket
    public let signature: Signature
    public let secret: Hash32

    public init(ticket: LotteryTicket, signature: Signature, secret: Hash32) {
        self.ticket = ticket
        self.signature = signature
        self.secret = secret
    }

    /// The same with the `v` that recovers to the payer, as the contract recovers.
    ///
    /// That takes time, so it is done when the ticket is handed in and not before: whoever waits for the answer to a
    /// ticket could see that it has won.
    public func recovering(
        _ payer: Address, of channel: ChannelID, in domain: ContractDomain
    ) -> LotteryWinner {
        let digest = ticket.digest(for: channel, in: domain)
        let flipped = try? Signature(r: signature.r, s: signature.s, isOdd: !signature.isOdd)
        guard let flipped, !signature.isBy(payer, over: digest), flipped.isBy(payer, over: digest) else { return self }
        return LotteryWinner(ticket: ticket, signature: flipped, secret: secret)
    }

    /// What our authorizer signs to have the contract pay it, and no other ticket.
    public func digest(of channel: ChannelID, in domain: ContractDomain) -> Hash32 {
        ticket.redemptionDigest(for: channel, in: domain)
    }

    /// - Parameter authorization: Our authorizer's signature over ``digest(of:in:)``.
    public func order(authorizedBy authorization: Signature) -> LotteryContract.Order {
        .redeem(ticket, signature: signature, secret: secret, authorization: authorization)
    }
}
