// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
public import FarthingHTTP402
public import FarthingNode
public import FarthingPrimitives
public import FarthingVoucherScheme
public import FarthingX402

/// Takes voucher payments at a gate: brings together the scheme, the engine and the settlement.
public final class VoucherDesk: PaymentDesk {
    /// What the desk asks for beyond the price.
    public struct Policy: Hashable, Sendable {
        /// How long a request may take from its payment to its answer, in seconds.
        ///
        /// - Range: 5 through 600.
        public var timeoutSeconds: Int64
        /// The least deposit that is offered; `nil` offers ten times the price.
        public var minimumDeposit: Amount?
        /// Whether a smaller deposit is refused rather than only advised against.
        public var enforcesMinimumDeposit: Bool
        /// How many deposits of one payer are handed in within an hour for channels of other schemes, where each costs the
        /// payee a transaction.
        public var prepaidDepositsPerHour = 8
        /// How many requests on one channel a payer may have in flight where it signs ahead.
        ///
        /// - Range: 1 through 256; 1 does not offer it.
        public var requestsAhead: Int
        /// How many payments may be under way at once, before more are sent away for a moment.
        public var paymentsUnderWay: Int

        public init(
            timeoutSeconds: Int64 = 60, minimumDeposit: Amount? = nil, enforcesMinimumDeposit: Bool = false,
            requestsAhead: Int = 64, paymentsUnderWay: Int = 16_384
        ) {
            self.requestsAhead = min(max(requestsAhead, 1), 256)
            self.paymentsUnderWay = max(paymentsUnderWay, 1)
            self.timeoutSeconds = min(max(timeoutSeconds, 5), 600)
            self.minimumDeposit = minimumDeposit
            self.enforcesMinimumDeposit = enforcesMinimumDeposit
        }
    }

    let engine: ChannelEngine<VoucherChannel>
    let settlement: any Settlement
    let effects: VoucherEffects
    let cashier: VoucherCashier
    let reader: ChannelReader
    /// Payments that wait for the request that is in flight on their channel.
    let waits = BusyWaits()
    let clock: @Sendable () -> Instant
    private let terms: VoucherOffer
    private let policy: Policy
    let receipt: VoucherReceipt
    let reservations = ReservationNumbers()
    let underWay: PaymentsUnderWay
    /// `nil` where refunds cost the payee nothing.
    let refundTurns: RefundTurns?
    /// `nil` where deposits cost the payee nothing.
    let depositTurns: DepositTurns?

    /// - Parameters:
    ///   - refunds: How often a payer gets money back; `nil` sets no bounds, where it costs the payee nothing.
    ///   - deposits: How often a payer's deposit is handed in; `nil` sets no bounds.
    public init(
        engine: ChannelEngine<VoucherChannel>, settlement: any Settlement, terms: VoucherOffer, policy: Policy,
        effects: VoucherEffects, cashier: VoucherCashier, refunds: RefundRules? = nil,
        deposits: DepositTurnRules? = nil, clock: @escaping @Sendable () -> Instant
    ) {
        depositTurns = deposits.map(DepositTurns.init)
        refundTurns = refunds.map(RefundTurns.init)
        self.engine = engine
        self.settlement = settlement
        self.terms = terms
        self.policy = policy
        self.effects = effects
        self.cashier = cashier
        self.clock = clock
        underWay = PaymentsUnderWay(maximum: policy.paymentsUnderWay)
        receipt = VoucherReceipt(network: settlement.domain.network)
        reader = ChannelReader(engine: engine, settlement: settlement, effects: effects, clock: clock)
    }

    public var decimals: Int { terms.token.decimals }
    public var symbol: String { terms.token.symbol }
    public var isSimulated: Bool { settlement.isSimulated }

    public func offers(for price: Amount) -> [PaymentRequirements] {
        var offer = terms
        offer.minimumDeposit = leastDeposit(for: price)
        return [
            PaymentRequirements(
                scheme: VoucherOffer.scheme, network: settlement.domain.network, amount: price,
                asset: terms.token.address, payTo: terms.receiver, maxTimeoutSeconds: policy.timeoutSeconds,
                extra: offer.extra)
        ]
    }

    /// The least deposit that is offered for requests at a price.
    func leastDeposit(for price: Amount) -> Amount {
        max(policy.minimumDeposit ?? price.multiplied(by: 10) ?? price, price)
    }

    public func extensions(highest: Amount) -> JSON {
        guard policy.requestsAhead > 1, let window = highest.multiplied(by: UInt128(policy.requestsAhead)) else {
            return [:]
        }
        let ahead = SigningAhead(maximum: policy.requestsAhead, window: window)
        return .object([SigningAhead.extensionName: ahead.declaration])
    }

    public func admit(_ payment: PaymentPayload, for offer: PaymentRequirements) async throws -> Admission {
        guard !underWay.isFull else { return .deferred(GateFault.overloaded, retryAfterSeconds: 1) }
        do {
            let payload = try VoucherPayload(payment.payload)
            let channel = payload.voucher.channel
            let computed = settlement.domain.channelID(of: payload.terms)
            guard channel == computed else {
                throw VoucherChannel.Refusal.channelIDMismatch(sent: channel, computed: computed)
            }
            try terms.check(payload.terms)
            let ahead = ahead(in: payment.extensions)
            do {
                return try await admit(payload, to: channel, for: offer, ahead: ahead)
            } catch EngineError.unknownChannel {
                // It was in memory alone, and was let go with the request before this one while it was looked at.
                return try await admit(payload, to: channel, for: offer, ahead: ahead)
            }
        } catch let refusal as VoucherChannel.Refusal {
            return .refused(PaymentRefusal(refusal))
        }
    }

    public func check(
        _ payment: [UInt8], familiar: FamiliarTexts, for offer: PaymentRequirements
    ) -> (any CheckedPayment)? {
        guard
            let (plain, meaning) = PaymentScan.read(
                payment.span, familiar: familiar, payload: { PlainVoucher(&$0, in: $1) })
        else { return nil }
        return check(
            plain, price: offer.amount, ahead: meaning as? SigningAhead, payerText: payment[plain.payerText])
    }

    public func meaning(of extensions: JSON?) -> (any Sendable)? { ahead(in: extensions) }

    /// How far a payment was signed ahead; the gate has seen to it that what is echoed is what was declared.
    private func ahead(in extensions: JSON?) -> SigningAhead? {
        policy.requestsAhead > 1 ? SigningAhead(echoed: extensions) : nil
    }

    /// Checks a voucher that was read already, on a channel that is in memory.
    ///
    /// - Parameters:
    ///   - price: The most that the request may cost.
    ///   - ahead: How far its payer may sign ahead, where it does.
    ///   - payerText: The payer's address as it goes into the receipt: `0x` and 40 digits.
    /// - Returns: `nil` when ``admit(_:for:)`` must be asked.
    public func check(
        _ plain: PlainVoucher, price: Amount, ahead: SigningAhead? = nil, payerText: ArraySlice<UInt8>
    ) -> (any CheckedPayment)? {
        guard !underWay.isFull, let known = engine.knownState(of: plain.channel),
            (try? terms.check(plain.terms)) != nil,
            !reader.isStale(known)
        else { return nil }
        guard let voucher = Voucher(plain, of: known, in: settlement.domain) else { return nil }
        let now = clock()
        let reservation = VoucherChannel.Reservation(
            id: reservations.next(), voucher: voucher, price: price, deposit: nil,
            until: now.advanced(bySeconds: policy.timeoutSeconds), ahead: ahead)
        guard known.admits(reservation, at: now) else { return nil }
        return CheckedVoucher(
            desk: self, channel: plain.channel, terms: plain.terms, reservation: reservation,
            exposure: known.exposure(of: price), payerText: payerText)
    }

    func count(_ charge: Amount) { effects.metrics.charge(charge) }

    private func admit(
        _ payload: VoucherPayload, to channel: ChannelID, for offer: PaymentRequirements, ahead: SigningAhead?
    ) async throws -> Admission {
        var known = try await engine.state(of: channel)
        // Before anything is told about the channel: whoever cannot sign for it learns nothing of it.
        let voucher = try payload.voucher.verified(by: known?.signer, under: payload.terms, in: settlement.domain)
        let shown = voucher.signedCeiling(under: payload.terms, of: channel, in: settlement.domain)
        // Nobody knew yet whether a deposit was made: that its payer comes again is a reason to find out.
        if known?.isDepositing == true, await effects.retry(channel) { known = try await engine.state(of: channel) }
        var deposit: SignedDeposit?
        // Who shows channels only to holders of vouchers shows more to whoever has a deposit checked.
        if known == nil, reader.showsByVoucher(payload.terms) {
            deposit = try await checkedDeposit(in: payload, shown, for: offer)
        }
        let opening = known == nil ? try await reader.opening(channel, shown, isChecked: deposit != nil) : nil
        do {
            // A payer that missed an answer learns so, even when it sends along a deposit that was made already.
            if case .deposit = payload { try (known ?? opening)?.checkBooks(voucher, price: offer.amount) }
            if deposit == nil { deposit = try await checkedDeposit(in: payload, shown, for: offer) }
            if case .refund(_, _, let amount) = payload {
                return try await refund(
                    channel, voucher, amount, payer: payload.terms.payer, for: offer, shown: shown, opening: opening)
            }
            let now = clock()
            let reservation = VoucherChannel.Reservation(
                id: reservations.next(), voucher: voucher, price: offer.amount, deposit: deposit,
                until: now.advanced(bySeconds: policy.timeoutSeconds), ahead: ahead)
            if let deposit { try depositTurns?.take(deposit, least: leastDeposit(for: offer.amount), at: now) }
            let state: VoucherChannel
            do {
                state = try await reserveInTurn(
                    reservation, on: channel, shown: shown, known: known, opening: opening, at: now)
            } catch {
                if let deposit { depositTurns?.giveBack(deposit, takenAt: now) }
                throw error
            }
            do {
                try await cashier.hold(
                    state.exposure(of: offer.amount), as: reservation.id.number, of: channel, token: state.terms.token)
            } catch {
                if let deposit { depositTurns?.giveBack(deposit, takenAt: now) }
                _ = try? await engine.apply(.released(reservation.id), to: channel)
                waits.ended(reservation.id, on: channel)
                return .deferred(error, retryAfterSeconds: Int(VoucherCashier.pause))
            }
            return .admitted(
                AdmittedVoucher(
                    desk: self, channel: channel, reservation: reservation, payer: payload.terms.payer,
                    turn: deposit.map { _ in now }))
        } catch let refusal as VoucherChannel.Refusal where refusal.callsForCorrection || refusal.isOfTheBalance {
            let state = try await engine.state(of: channel) ?? (refusal.callsForCorrection ? opening : nil)
            return .refused(PaymentRefusal(refusal, correction: state?.correction))
        }
    }

    /// Sets a voucher aside that was checked before, and whose deposit is locked.
    func setAside(
        _ voucher: Voucher, of channel: ChannelID, for price: Amount
    ) async throws -> VoucherChannel.Reservation {
        let now = clock()
        let reservation = VoucherChannel.Reservation(
            id: reservations.next(), voucher: voucher, price: price, deposit: nil,
            until: now.advanced(bySeconds: policy.timeoutSeconds))
        let state = try await engine.apply(.paymentArrived(reservation, at: now), to: channel).state
        do {
            try await cashier.hold(
                state.exposure(of: price), as: reservation.id.number, of: channel, token: state.terms.token)
        } catch {
            _ = try? await engine.apply(.released(reservation.id), to: channel)
            throw error
        }
        return reservation
    }

    /// Sets a voucher aside; where another request is in flight, once that has ended.
    ///
    /// Official clients sign the same voucher for requests that they send at once. Of these one is served at a time, and
    /// each of the others is told what was charged when it is its turn, so that it can sign anew.
    private func reserveInTurn(
        _ first: VoucherChannel.Reservation, on channel: ChannelID, shown: SignedCeiling,
        known: VoucherChannel?, opening: VoucherChannel?, at start: Instant
    ) async throws -> VoucherChannel {
        var turn: BusyWaits.Turn?
        while true {
            // What was spent in waiting does not count.
            let now = turn == nil ? start : clock()
            let reservation = turn == nil ? first : first.renewed(until: now.advanced(bySeconds: policy.timeoutSeconds))
            do {
                let state = try await reserve(
                    reservation, on: channel, shown: shown, known: known, opening: opening, at: now)
                waits.letIn(reservation.id, on: channel)
                return state
            } catch let refusal as VoucherChannel.Refusal {
                let isBusy = try await engine.state(of: channel).map { $0.isServing } ?? false
                guard !reservation.isAhead, reservation.deposit == nil, refusal.canBeWaitedFor else {
                    if turn != nil { waits.refused(on: channel, wasCorrected: false) }
                    throw refusal
                }
                guard isBusy || turn == nil && waits.hasLine(channel) else {
                    waits.refused(on: channel, wasCorrected: refusal.callsForCorrection)
                    throw refusal
                }
                let next = await waits.wait(for: channel, turn: turn) { [engine] in
                    (try? await engine.state(of: channel).map { $0.isServing }) ?? false
                }
                guard next != nil else {
                    if turn != nil { waits.refused(on: channel, wasCorrected: false) }
                    throw refusal
                }
                turn = next
            } catch {
                if turn != nil { waits.refused(on: channel, wasCorrected: false) }
                throw error
            }
        }
    }

    /// The balance that is known may be older than a deposit or a withdrawal that was made elsewhere.
    private func reserve(
        _ reservation: VoucherChannel.Reservation, on channel: ChannelID, shown: SignedCeiling,
        known: VoucherChannel?, opening: VoucherChannel?, at now: Instant
    ) async throws -> VoucherChannel {
        if reservation.deposit != nil {
            // The deposit was checked just now, and the channel read with it.
            if let snapshot = try await settlement.snapshot(of: channel) {
                try await effects.tell(channel, .observed(snapshot), opening: opening)
            }
        } else if let known, reader.isStale(known) {
            try await reader.refresh(channel, shown, opening: opening)
        }
        do {
            return try await engine.apply(.paymentArrived(reservation, at: now), to: channel, opening: opening).state
        } catch let refusal as VoucherChannel.Refusal {
            switch refusal {
            case .exceedsBalance, .channelNotFound:
                try await reader.refresh(channel, shown, opening: opening)
                return try await engine.apply(
                    .paymentArrived(reservation, at: now), to: channel, opening: opening
                ).state
            default: throw refusal
            }
        }
    }

    private func checkedDeposit(
        in payload: VoucherPayload, _ shown: SignedCeiling, for offer: PaymentRequirements
    ) async throws -> SignedDeposit? {
        guard case .deposit(let terms, _, let unverified) = payload else { return nil }
        if policy.enforcesMinimumDeposit,
            let minimum = offer.extra["minDeposit"]?.stringValue.flatMap(Amount.init(wire:)),
            unverified.amount < minimum
        {
            throw VoucherChannel.Refusal.depositBelowMinimum(deposit: unverified.amount, minimum: minimum)
        }
        let deposit = try unverified.verified(
            for: terms, token: self.terms.token.domain, by: self.terms.method, in: settlement.domain, at: clock())
        // It is made, and its payer was not told so: the voucher needs no other.
        if effects.isMadeUnheard(deposit, in: settlement.domain.channelID(of: terms)) { return nil }
        do {
            try await settlement.check(deposit, for: shown)
        } catch {
            throw try VoucherChannel.Refusal(simulating: error)
        }
        return deposit
    }
}

extension VoucherChannel {
    /// What a payer needs to mend its books.
    fileprivate var correction: JSON { .object(["channelState": channelState, "voucherState": voucherState]) }
}

extension VoucherChannel {
    fileprivate var isServing: Bool { if case .serving = phase { true } else { false } }
}

extension VoucherChannel.Refusal {
    /// Whether it may look otherwise once the request in flight has ended.
    fileprivate var canBeWaitedFor: Bool {
        switch self {
        case .busy, .cumulativeMismatch: true
        default: false
        }
    }

    /// Whether the payer believes that the channel holds more: the answer to a refund may have been lost.
    fileprivate var isOfTheBalance: Bool { if case .exceedsBalance = self { true } else { false } }

    /// A deposit that would fail.
    ///
    /// Trouble with the ledger itself is no refusal.
    fileprivate init(simulating error: SettlementError) throws(SettlementError) {
        switch error {
        case .unavailable, .cancelled: throw error
        case .insufficientBalance(let has, let needs): self = .insufficientBalance(has: has, needs: needs)
        case .authorizationExpired(let before, let now): self = .authorizationExpired(validBefore: before, now: now)
        case .authorizationNotYetValid(let after, let now):
            self = .authorizationNotYetValid(validAfter: after, now: now)
        case .refused: self = .turnedDown(error)
        default: self = .depositSimulationFailed(error)
        }
    }
}
