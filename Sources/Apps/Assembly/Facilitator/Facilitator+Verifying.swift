// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402

/// A payment of a payer whose form, terms and signatures were checked.
struct ExaminedPayment {
    let terms: ChannelTerms
    let channel: ChannelID
    let voucher: SignedCeiling
    let kind: VoucherChannel.PayloadKind
    /// What to lock, with a deposit.
    let deposit: SignedDeposit?
}

extension Facilitator {
    /// Checks all of a payment that does not depend on how its channel stands, in x402's order.
    func examine(
        _ payload: JSON, _ requirements: PaymentRequirements
    ) async throws(FacilitatorRefusal) -> ExaminedPayment {
        let offer = Self.offer(requirements)
        let parsed: VoucherPayload
        do { parsed = try VoucherPayload(payload) } catch {
            let payer = payload["channelConfig"]?["payer"]?.stringValue.flatMap(Address.init(hex:))
            if error == .authorizationRequired {
                // Terms are looked at before deposits, also before ones that are of no kind that is taken here.
                let rest = payload.replacing("type", "voucher")
                if let plain = try? VoucherPayload(rest) { _ = try terms(of: plain, offer) }
            }
            throw FacilitatorRefusal(error, payer: payer)
        }
        let channel = try terms(of: parsed, offer)
        try check(parsed.terms.token)
        let payer = parsed.terms.payer
        let now = try await head(payer).time
        var deposit: SignedDeposit?
        var kind = VoucherChannel.PayloadKind.voucher
        do throws(VoucherChannel.Refusal) {
            switch parsed {
            case .deposit(let terms, _, let unverified):
                kind = .deposit
                deposit = try unverified.verified(
                    for: terms, token: try Self.domain(requirements), by: offer.method,
                    in: settlement.domain, at: now)
            case .refund: kind = .refund
            case .voucher: break
            }
            let voucher = try parsed.voucher.verified(by: nil, under: parsed.terms, in: settlement.domain)
            return ExaminedPayment(
                terms: parsed.terms, channel: channel,
                voucher: voucher.signedCeiling(under: parsed.terms, of: channel, in: settlement.domain), kind: kind,
                deposit: deposit)
        } catch {
            guard error != Self.noDomain else {
                throw FacilitatorRefusal(.missingDomain, "'extra' names no token's domain.", payer: payer)
            }
            throw FacilitatorRefusal(error, payer: payer)
        }
    }

    /// Checks a payment against how its channel stands.
    ///
    /// - Returns: The channel as it stands before the payment.
    func check(_ payment: ExaminedPayment) async throws(FacilitatorRefusal) -> ChannelSnapshot {
        let payer = payment.terms.payer
        do throws(SettlementError) {
            let known = try await settlement.snapshot(of: payment.channel)
            let head = try await settlement.head()
            let snapshot = known ?? .unopened(at: head)
            var covered = snapshot.balance
            if let deposit = payment.deposit {
                let funds = try await settlement.balance(of: payer, token: payment.terms.token)
                guard funds >= deposit.amount else {
                    throw .insufficientBalance(has: funds, needs: deposit.amount)
                }
                covered = covered.adding(deposit.amount) ?? .max
            } else if covered.isZero {
                throw Self.word(.channelNotFound, "Nothing is deposited in this channel.")
            }
            let ceiling = payment.voucher.ceiling
            guard ceiling <= covered else {
                throw Self.word(.exceedsBalance, "The voucher totals \(ceiling); the channel covers \(covered).")
            }
            let isEnough =
                payment.kind == .refund ? ceiling >= snapshot.totalClaimed : ceiling > snapshot.totalClaimed
            guard isEnough else {
                throw Self.word(.belowClaimed, "\(snapshot.totalClaimed) was claimed already.")
            }
            if let deposit = payment.deposit { try await settlement.check(deposit, for: payment.voucher) }
            return snapshot
        } catch {
            if case .refused(let code, let message) = error {
                throw FacilitatorRefusal(FacilitatorCode(rawValue: code), message, payer: payer)
            }
            throw FacilitatorRefusal(error, at: .depositSimulation, payer: payer)
        }
    }

    func head(_ payer: Address?) async throws(FacilitatorRefusal) -> Block {
        do { return try await settlement.head() } catch {
            throw FacilitatorRefusal(error, at: .stateRead, payer: payer)
        }
    }

    private func terms(
        of payload: VoucherPayload, _ offer: VoucherOffer
    ) throws(FacilitatorRefusal) -> ChannelID {
        do throws(VoucherChannel.Refusal) {
            let computed = settlement.domain.channelID(of: payload.terms)
            guard payload.voucher.channel == computed else {
                throw .channelIDMismatch(sent: payload.voucher.channel, computed: computed)
            }
            try offer.check(payload.terms)
            return computed
        } catch {
            throw FacilitatorRefusal(error, payer: payload.terms.payer)
        }
    }

    private static func offer(_ requirements: PaymentRequirements) -> VoucherOffer {
        let extra = requirements.extra
        return VoucherOffer(
            receiver: requirements.payTo,
            receiverAuthorizer: extra["receiverAuthorizer"]?.stringValue.flatMap(Address.init(hex:)) ?? .zero,
            token: Token(
                domain: TokenDomain(address: requirements.asset, name: "", version: ""), symbol: "", decimals: 0),
            withdrawDelay: extra["withdrawDelay"]?.integerValue.flatMap(UInt64.init(exactly:)) ?? 0,
            method: extra["assetTransferMethod"]?.stringValue.flatMap(DepositMethod.init) ?? .eip3009)
    }

    private static func domain(
        _ requirements: PaymentRequirements
    ) throws(VoucherChannel.Refusal) -> TokenDomain {
        guard let name = requirements.extra["name"]?.stringValue,
            let version = requirements.extra["version"]?.stringValue
        else { throw noDomain }
        return TokenDomain(address: requirements.asset, name: name, version: version)
    }

    private static let noDomain = VoucherChannel.Refusal.payload(.deposit, field: "extra.name")

    private static func word(_ code: FacilitatorCode, _ message: String) -> SettlementError {
        .refused(code: code.rawValue, message: message)
    }
}

extension JSON {
    fileprivate func replacing(_ name: String, _ value: JSON) -> JSON {
        .object((members ?? []).map { $0.name == name ? Member(name: name, value: value) : $0 })
    }
}
