// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
public import FarthingEncodings
public import FarthingHTTP402
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingNode
public import FarthingPrimitives
import FarthingTwoWayScheme
public import FarthingX402
import Logging

/// Takes payments that fill a purse at a gate, whatever their scheme.
public final class PrepaidDesk<Scheme: PrepaidOrders>: PaymentDesk {
    let books: PrepaidBooks<Scheme>
    let offer: PrepaidOffer
    let timeoutSeconds: Int64
    /// `nil` where it costs nothing to hand in a deposit.
    private let depositRules: DepositRules?
    private let deposits: HandedInDeposits?
    // What costs a transaction is sent once, however many copies of a payment ask for it at once.
    private let opening = WorkUnderWay<DepositKey, Result<ChannelID, any Error>>()
    private let preparing = WorkUnderWay<ChannelID, Result<Scheme, any Error>>()
    private let closing = WorkUnderWay<ChannelID, Result<[ContractReceipt<Scheme.Rules>], any Error>>()
    private let reservations = ReservationNumbers()
    let underWay: PaymentsUnderWay
    let receipt: PrepaidReceipt

    /// - Parameters:
    ///   - timeoutSeconds: How long a request may take from its payment to its answer.
    ///   - paymentsUnderWay: How many payments may be under way at once, before more are sent away for a moment.
    ///   - deposits: What is asked of deposits; `nil` asks nothing, where they cost nothing.
    public init(
        books: PrepaidBooks<Scheme>, offer: PrepaidOffer, timeoutSeconds: Int64 = 60, paymentsUnderWay: Int = 16_384,
        deposits: DepositRules? = nil
    ) {
        depositRules = deposits
        self.deposits = deposits.map(HandedInDeposits.init)
        self.books = books
        self.offer = offer
        self.timeoutSeconds = timeoutSeconds
        underWay = PaymentsUnderWay(maximum: paymentsUnderWay)
        receipt = PrepaidReceipt(network: offer.domain.network)
    }

    public var decimals: Int { offer.token.decimals }
    public var symbol: String { offer.token.symbol }
    public var isSimulated: Bool { books.settlement.isSimulated }
    public func extensions(highest: Amount) -> JSON { [:] }

    public func offers(for price: Amount) -> [PaymentRequirements] {
        var offer = offer
        offer.minimumDeposit = depositRules?.least(for: price)
        return [
            PaymentRequirements(
                scheme: offer.scheme, network: offer.domain.network, amount: price, asset: offer.token.address,
                payTo: offer.receiver, maxTimeoutSeconds: timeoutSeconds, extra: offer.extra)
        ]
    }

    public func admit(_ payment: PaymentPayload, for offer: PaymentRequirements) async throws -> Admission {
        guard !underWay.isFull else { return .deferred(GateFault.overloaded, retryAfterSeconds: 1) }
        do {
            switch try PrepaidPayload<Scheme>(payment.payload) {
            case .payment(let id, let unverified): return try await admit(unverified, on: id, for: offer.amount)
            case .open(let terms, let funding, let unverified):
                let id = terms.channelID(in: books.domain)
                if try await isPaid(terms, funding, with: unverified, on: id, price: offer.amount) {
                    _ = try await open(terms, funding, price: offer.amount)
                }
                return try await admit(unverified, on: id, for: offer.amount)
            case .state(let id, let unverified): return try await tell(id, unverified)
            case .close(let id, let unverified): return try await close(id, unverified)
            }
        } catch let fault as PrepaidFault {
            return .refused(PaymentRefusal(fault))
        } catch let refusal as Scheme.Refusal {
            return .refused(PaymentRefusal(refusal))
        }
    }

    @specialized(where Scheme == HashChainChannel)
    @specialized(where Scheme == MerkleTokenChannel)
    @specialized(where Scheme == LotteryChannel)
    @specialized(where Scheme == TwoWayChannel)
    public func check(
        _ payment: [UInt8], familiar: FamiliarTexts, for offer: PaymentRequirements
    ) -> (any CheckedPayment)? { readAndCheck(payment, familiar, price: offer.amount, after: nil) }

    @specialized(where Scheme == HashChainChannel)
    @specialized(where Scheme == MerkleTokenChannel)
    @specialized(where Scheme == LotteryChannel)
    @specialized(where Scheme == TwoWayChannel)
    public func check(
        _ payment: [UInt8], familiar: FamiliarTexts, for offer: PaymentRequirements,
        after earlier: (any CheckedPayment)?
    ) -> (any CheckedPayment)? { readAndCheck(payment, familiar, price: offer.amount, after: earlier) }

    // What chooses the scheme's own code does nothing else: all that it did would be prepared for any scheme first.
    @inline(never) private func readAndCheck(
        _ payment: [UInt8], _ familiar: FamiliarTexts, price: Amount, after earlier: (any CheckedPayment)?
    ) -> (any CheckedPayment)? {
        PaymentScan.read(
            payment.span, familiar: familiar, payload: { PlainPrepaid<Scheme>(&$0, in: $1) }
        ).flatMap { checkProof($0.payload, price: price, after: earlier) }
    }

    /// Checks a payment that was read already, on a channel that is in memory.
    ///
    /// - Parameter price: The most that the request may cost.
    /// - Returns: `nil` when ``admit(_:for:)`` must be asked.
    @specialized(where Scheme == HashChainChannel)
    @specialized(where Scheme == MerkleTokenChannel)
    @specialized(where Scheme == LotteryChannel)
    @specialized(where Scheme == TwoWayChannel)
    public func check(_ plain: PlainPrepaid<Scheme>, price: Amount) -> (any CheckedPayment)? {
        checkProof(plain, price: price, after: nil)
    }

    @inline(never) private func checkProof(
        _ plain: PlainPrepaid<Scheme>, price: Amount, after earlier: (any CheckedPayment)?
    ) -> (any CheckedPayment)? {
        guard !underWay.isFull, books.isUnhindered(plain.channel),
            let known = books.engine.knownState(of: plain.channel),
            isOurs(known), Scheme.mismatch(of: known.terms, with: offer, price: price) == nil,
            let checked = try? verify(plain, known, after: earlier)
        else { return nil }
        return CheckedPrepaid(desk: self, channel: plain.channel, payment: checked, price: price)
    }

    @inline(__always) private func verify(
        _ plain: PlainPrepaid<Scheme>, _ known: Scheme, after earlier: (any CheckedPayment)?
    ) throws(Scheme.Refusal) -> Scheme.Payment {
        // A proof says nothing of its channel, and each desk has its own channels.
        guard let earlier = earlier as? CheckedPrepaid<Scheme>, earlier.desk === self, earlier.channel == plain.channel
        else { return try known.verify(plain.payment, under: offer, in: books.domain, secrets: books.payeeKey.secrets) }
        return try known.verify(
            plain.payment, after: earlier.payment, under: offer, in: books.domain, secrets: books.payeeKey.secrets)
    }

    func reservation(for price: Amount) -> Purse.Reservation {
        Purse.Reservation(
            id: reservations.next(), price: price, until: books.clock().advanced(bySeconds: timeoutSeconds))
    }

    // MARK: - Paying

    private func admit(_ unverified: Scheme.Unverified, on id: ChannelID, for price: Amount) async throws -> Admission {
        var known = try await ours(id)
        if let field = Scheme.mismatch(of: known.terms, with: offer, price: price) {
            throw PrepaidFault.terms(field: field)
        }
        if let order = known.preparation(for: unverified, under: offer, in: books.domain) {
            known = try await prepared(known, by: order)
        }
        do {
            let payment = try known.verify(unverified, under: offer, in: books.domain, secrets: books.payeeKey.secrets)
            let now = books.clock()
            let reservation = reservation(for: price)
            let applied = try await books.engine.apply(
                .paymentArrived(payment, for: reservation, at: now), to: id, opening: known)
            await books.attempt(applied.effects, of: id)
            let admitted = AdmittedPrepaid(
                desk: self, channel: id, reservation: reservation, source: applied.state.source)
            do {
                try await books.hold(price, for: reservation.id, of: id, token: offer.token.address)
            } catch {
                await admitted.release()
                return .deferred(error, retryAfterSeconds: Int(RoomUnderCaps.pause))
            }
            return .admitted(admitted)
        } catch let refusal as Scheme.Refusal where Scheme.callsForCorrection(refusal) {
            let state = try await books.engine.state(of: id) ?? known
            return .refused(
                PaymentRefusal(refusal, correction: ["channelState": state.channelState(by: books.payeeKey)]))
        }
    }

    /// Has the contract do what a payment needs before it can be taken.
    private func prepared(_ known: Scheme, by order: Scheme.Rules.Order) async throws -> Scheme {
        try await preparing.attempt(known.id) { [self] in
            do {
                let receipt = try await books.settlement.carryOut(order, on: known.id, under: Scheme.Rules.self)
                return try await books.observed(receipt.snapshot, of: known.id)
            } catch let error as ContractError { throw fault(for: error, of: known.id) }
        }
    }

    /// Whether the books are those of the payee that the offer names.
    ///
    /// What was told a payer of the former payee's would look to it like a lie of the present one's.
    @inline(__always) private func isOurs(_ known: Scheme) -> Bool {
        known.payeeOfMany.map { $0 == offer.receiver } ?? true
    }

    /// The channel as it is kept, or as its contract has it.
    ///
    /// - Throws: `PrepaidFault` for one that nobody knows, and for one that was kept for another payee.
    func ours(_ id: ChannelID) async throws -> Scheme {
        guard let known = try await channel(id) else { throw PrepaidFault.channelNotFound(id) }
        guard isOurs(known) else { throw PrepaidFault.terms(field: "payTo") }
        return known
    }

    /// The channel as it is kept, or as its contract has it, whoever its payee is.
    private func channel(_ id: ChannelID) async throws -> Scheme? {
        if let known = try await books.engine.state(of: id) { return known }
        return try await books.refresh(id)
    }

    private func check(_ terms: Scheme.Rules.Terms, price: Amount) throws(PrepaidFault) {
        if let field = Scheme.mismatch(of: terms, with: offer, price: price) { throw .terms(field: field) }
    }

    private func checkSignature(of funding: Funding, on terms: Scheme.Rules.Terms) throws {
        let digest = books.domain.depositDigest(funding.unsigned, on: terms, token: offer.token.domain)
        guard funding.authorization.signature.isBy(funding.payer, over: digest, as: books.domain.accounts) else {
            throw fault(for: .settlement(.authorizationSignature), of: terms.channelID(in: books.domain))
        }
    }

    /// Whether a payment will be taken once the deposit is there that comes with it, as is found out on a copy.
    ///
    /// To hand in a deposit costs the payee a transaction, so it is not done for a payment that is none.
    ///
    /// - Returns: `false` for a payer whose books differ from ours, and who is told so.
    private func isPaid(
        _ terms: Scheme.Rules.Terms, _ funding: Funding, with unverified: Scheme.Unverified, on id: ChannelID,
        price: Amount
    ) async throws -> Bool {
        try check(terms, price: price)
        // Before anything is asked of the contract, which may be far away and be paid by the question.
        try checkSignature(of: funding, on: terms)
        let known = try await books.engine.state(of: id)
        if let known, !isOurs(known) { throw PrepaidFault.terms(field: "payTo") }
        let snapshot = try await books.settlement.contract(Scheme.Rules.self, of: id)
        let head = if let snapshot { snapshot.block } else { try await books.settlement.head() }
        let block = Block(height: max(head.height, known?.readIn.height ?? 0), time: head.time)
        var contract = snapshot?.state ?? Scheme.Rules(terms)
        do throws(Scheme.Rules.Refusal) {
            _ = try contract.fund(
                funding.amount, by: funding.payer,
                in: ContractContext(domain: books.domain, channel: id, block: block))
        } catch {
            // It was made before, or cannot be made: the settlement finds that out, and sends nothing.
            guard snapshot != nil else { return true }
        }
        let funded = ContractSnapshot(state: contract, block: block)
        var copy = known ?? Scheme(id: id, ledger: funded, in: books.domain, payee: books.payee)
        do throws(Scheme.Refusal) {
            _ = try copy.apply(.observed(funded))
            guard copy.preparation(for: unverified, under: offer, in: books.domain) == nil else { return true }
            let payment = try copy.verify(
                unverified, under: offer, in: books.domain, secrets: books.payeeKey.secrets)
            _ = try copy.apply(.paymentArrived(payment, for: reservation(for: price), at: books.clock()))
        } catch {
            guard snapshot != nil, Scheme.callsForCorrection(error) else { throw error }
            return false
        }
        return true
    }

    /// Locks the money first: a request is served only when what pays for it is there.
    func open(_ terms: Scheme.Rules.Terms, _ funding: Funding, price: Amount) async throws -> ChannelID {
        try check(terms, price: price)
        let id = terms.channelID(in: books.domain)
        // Nobody's deposits are counted by another who names him.
        try checkSignature(of: funding, on: terms)
        // Two of one salt are one to the token, whatever else they say.
        let key = DepositKey(channel: id, payer: funding.payer, salt: funding.authorization.salt)
        return try await opening.attempt(key) { [self] in
            let isNew = try deposits?.begin(funding, price: price, at: books.clock()) ?? false
            do {
                let receipt = try await books.settlement.fund(Scheme.Rules.self, terms, with: funding)
                _ = try await books.observed(receipt.snapshot, of: id)
            } catch let error as ContractError {
                if error.sentNothing {
                    if isNew { deposits?.forget(funding) }
                } else if !error.isUncertain {
                    deposits?.failed(funding)
                }
                throw fault(for: error, of: id)
            }
            return id
        }
    }

    /// What makes two deposits the same.
    private struct DepositKey: Hashable {
        let channel: ChannelID
        let payer: Address
        let salt: Hash32
    }

    /// What a payer is told when the contract does not go along; trouble with the settlement itself is no refusal.
    private func fault(for error: ContractError, of channel: ChannelID) -> any Error {
        if error.isUncertain { return error }
        books.logger.notice("The settlement refused", metadata: ["channel": "\(channel)", "error": "\(error)"])
        return PrepaidFault.deposit(code: error.code, message: error.message)
    }

    // MARK: - Telling

    /// How a channel stands, for whoever shows a payment of it; what that would bring is not taken.
    private func tell(_ id: ChannelID, _ unverified: Scheme.Unverified) async throws -> Admission {
        let known = try await ours(id)
        do throws(Scheme.Refusal) {
            _ = try known.verify(unverified, under: offer, in: books.domain, secrets: books.payeeKey.secrets)
        } catch {
            guard Scheme.callsForCorrection(error) else { throw error }
        }
        let underWay = known.purse.reservations.reduce(Amount.zero) { $0.adding($1.price) ?? .max }
        let state = known.channelState(by: books.payeeKey).adding("underWay", .string("\(underWay)"))
        return .refused(PaymentRefusal(PrepaidFault.stateAsked(id), correction: ["channelState": state]))
    }

    // MARK: - Closing

    /// Gives back what is left, to whoever shows a payment of the channel; the money goes to its payer alone.
    private func close(_ id: ChannelID, _ unverified: Scheme.Unverified) async throws -> Admission {
        let known = try await ours(id)
        // Before the payment is looked at: a better one would not help.
        if let refusal = known.noCloseAtAll { throw refusal }
        let shown = try known.verify(unverified, under: offer, in: books.domain, secrets: books.payeeKey.secrets)
        // Nobody has a share in the outcome who could not have asked by himself.
        var copy = known
        _ = try copy.apply(.closeAsked(shown))
        let receipts = try await closing.attempt(id) { [self] in
            let asked = try await books.engine.apply(.closeAsked(shown), to: id, opening: known)
            // Who asks once more gets what had to wait, unless it is under way.
            guard !asked.effects.isEmpty else { return await books.retry(id) }
            return await books.attempt(asked.effects, of: id)
        }
        let state = try await books.engine.state(of: id) ?? known
        guard receipts.contains(where: \.snapshot.state.isOver) else {
            return .deferred(GateFault.outOfOrder, retryAfterSeconds: 5)
        }
        let returned = receipts.flatMap(\.payouts).filter { $0.receiver != state.claimTerms.receiver }
        return .settled(
            SettleResponse(
                success: true, payer: nil, transaction: receipts.last?.transaction, network: offer.domain.network,
                amount: returned.reduce(.zero) { $0.adding($1.amount) ?? .max },
                extra: ["channelState": state.channelState(by: books.payeeKey)]),
            body: ["message": "The channel is closed", "channelId": .string("\(id)")])
    }
}

extension ContractError {
    /// Whether nobody knows what came of it.
    fileprivate var isUncertain: Bool {
        switch self {
        case .settlement(.unavailable), .settlement(.cancelled): true
        // It must wait for its turn, or for its time.
        case .settlement(.authorizationNotYetValid): true
        default: false
        }
    }

    /// Whether nothing was sent that costs gas; any other failure may have.
    fileprivate var sentNothing: Bool {
        switch self {
        case .settlement(.authorizationSignature), .settlement(.invalidTerms), .settlement(.insufficientBalance),
            .settlement(.authorizationExpired), .settlement(.authorizationNotYetValid):
            true
        default: false
        }
    }
}
