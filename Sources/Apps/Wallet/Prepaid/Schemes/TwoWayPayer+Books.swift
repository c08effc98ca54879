// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingEncodings
public import FarthingPrimitives
public import FarthingTwoWayScheme
public import FarthingX402

extension TwoWayPayer: PayerBooks {
    public typealias Wire = TwoWayChannel

    public var payer: Address { terms.first }
    public var payees: [Address] { [terms.second] }
    public var expiry: Instant? { nil }
    public var deposit: Amount { terms.deposit ?? .max }
    /// The payee's key stands in the terms, and not where its money goes; there is no other payee.
    public func purse(of payee: Address) -> PayerPurse? { purse }
    public func available(for payee: Address) -> Amount { party.isOpen ? available : .zero }

    /// How long an end without the payee takes.
    ///
    /// - Unit: seconds.
    private static let challengeSeconds: UInt64 = 86_400

    public static func deposit(for opening: PayerOpening) -> Amount { opening.target }

    public static func opened(_ opening: PayerOpening, by signer: any Signer) async throws -> TwoWayPayer {
        let offer = opening.offer
        let terms = TwoWayTerms(
            first: opening.payer, second: offer.receiverAuthorizer, token: offer.token.address,
            firstDeposit: opening.target, secondDeposit: .zero, challengeSeconds: challengeSeconds, salt: opening.salt)
        let id = terms.channelID(in: offer.domain)
        // As it will be once the deposit is in; without it the payee takes nothing.
        let block = Block(height: 0, time: opening.now)
        var contract = TwoWayContract(terms)
        _ = try contract.fund(
            opening.target, by: opening.payer, in: ContractContext(domain: offer.domain, channel: id, block: block))
        return TwoWayPayer(id: id, ledger: ContractSnapshot(state: contract, block: block))
    }

    public mutating func pay(
        _ request: ReservationID, price: Amount, under offer: PrepaidOffer, at now: Instant
    ) throws -> TwoWayState {
        for case .propose(let state) in try apply(.paymentAsked(request, price: price)) { return state }
        throw Refusal.purse(.unknownRequest)
    }

    public func signed(
        _ step: TwoWayState, under offer: PrepaidOffer, by signer: any Signer
    ) async throws -> UnverifiedTwoWayPayment {
        UnverifiedTwoWayPayment(step, signature: try await signer.sign(step.digest(of: id, in: offer.domain)))
    }

    /// What the payee signed goes with what it says: the state that was proposed, or the one that both had.
    public mutating func served(_ request: ReservationID, charged: Amount, _ word: PayeeWord) throws {
        let signed = try countersigned(word)
        if let state = signed?.state, state != party.proposal, state != party.newest {
            throw Refusal.party(.unknownProposal(state.nonce))
        }
        _ = try apply(.served(request, charged: charged, total: word.charged, countersigned: signed))
    }

    /// A newer state than these books know counts when both signatures are there.
    public mutating func corrected(_ request: ReservationID, _ word: PayeeWord) throws {
        try recall(word)
        _ = try apply(.corrected(request, charged: word.charged))
    }

    /// The newest state that both signed, which the payee has.
    public func asking(
        _ payee: Address, in domain: ContractDomain, by signer: any Signer
    ) async throws -> UnverifiedTwoWayPayment? {
        let state = party.newest
        return UnverifiedTwoWayPayment(state, signature: try await signer.sign(state.digest(of: id, in: domain)))
    }

    public mutating func told(_ word: PayeeWord) throws {
        try recall(word)
        _ = try apply(.stateTold(charged: word.charged))
    }

    private mutating func recall(_ word: PayeeWord) throws {
        if let theirs = try countersigned(word), theirs.state.nonce > party.newest.nonce,
            let own = try signed(word, by: Self.side, word.state["signature"])
        {
            _ = try apply(.recalled(own: own, theirs: theirs))
        }
    }

    private func countersigned(_ word: PayeeWord) throws -> TwoWayPayment? {
        try signed(word, by: Self.side.other, word.state["countersignature"])
    }

    /// - Returns: `nil` when there is no signature.
    /// - Throws: `foreign` for one that is somebody else's, or over something else.
    private func signed(_ word: PayeeWord, by side: TwoWaySide, _ signature: JSON?) throws -> TwoWayPayment? {
        guard let signature else { return nil }
        let members = word.members
        let state = TwoWayState(
            nonce: try members.number("nonce"), firstBalance: try members.amount("firstBalance"),
            secondBalance: try members.amount("secondBalance"))
        let shown = UnverifiedTwoWayPayment(
            state, signature: try JSONMembers(["signature": signature]).signature("signature"))
        let key = side == Self.side ? nil : party.proof?.signer
        guard let payment = shown.verified(by: side, key: key, under: terms, of: id, in: word.domain) else {
            throw Refusal.party(.foreign)
        }
        return payment
    }

    public mutating func repeated(_ request: ReservationID, to payee: Address) throws {
        _ = try apply(.repeated(request))
    }

    public mutating func ended(_ request: ReservationID, by payee: Address, isKnown: Bool) throws {
        _ = try apply(isKnown ? .notServed(request) : .unanswered(request))
    }

    // MARK: - Leaving

    public mutating func observe(_ snapshot: ContractSnapshot<TwoWayContract>) throws {
        _ = try apply(.observed(snapshot))
    }

    public mutating func closing(
        credit: Amount, in domain: ContractDomain, by signer: any Signer
    ) async throws -> UnverifiedTwoWayPayment? {
        for case .signClose(let state) in try apply(.closeAsked(credit: credit)) {
            return UnverifiedTwoWayPayment(
                state, signature: try await signer.sign(state.closeDigest(of: id, in: domain)), isClose: true)
        }
        return nil
    }

    public mutating func leaving(
        _ snapshot: ContractSnapshot<TwoWayContract>, in domain: ContractDomain, by signer: any Signer
    ) async throws -> PayerLeaving<TwoWayContract.Order> {
        let effects = try apply(.observed(snapshot))
        switch snapshot.state.phase {
        case .closed: return .over
        case .closing(_, let until):
            return try await order(for: effects, in: domain, by: signer).map { .order($0) } ?? .wait(until: until)
        case .opening, .open:
            guard let order = try await order(for: try apply(.endAsked), in: domain, by: signer) else {
                throw Refusal.party(.notOpen(phase: snapshot.state.phaseName))
            }
            return .order(order)
        }
    }

    /// What to hand in, signed by this side too.
    private func order(
        for effects: [TwoWayParty.Effect], in domain: ContractDomain, by signer: any Signer
    ) async throws -> TwoWayContract.Order? {
        for effect in effects {
            switch effect {
            case .challenge(let proof): return .challenge(try await both(proof, in: domain, by: signer))
            case .finalize: return .finalize
            case .startClose(let proof, let nonce):
                let digest = TwoWayContract.startCloseDigest(of: id, at: nonce, in: domain)
                var signed: SignedTwoWayState?
                if let proof { signed = try await both(proof, in: domain, by: signer) }
                return .startClose(signed, try await signer.sign(digest))
            case .propose, .countersign, .signClose, .closeTogether, .signResize: continue
            }
        }
        return nil
    }

    private func both(
        _ payment: TwoWayPayment, in domain: ContractDomain, by signer: any Signer
    ) async throws -> SignedTwoWayState {
        let own = try await signer.sign(payment.digest(of: id, in: domain))
        return SignedTwoWayState(payment.state, payment.signatures(with: own, of: id, in: domain))
    }
}
