// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
import FarthingExactScheme
public import FarthingPrimitives
import FarthingVoucherScheme
public import FarthingX402

/// Settles for others: checks payments and brings them to a settlement, at its own cost.
///
/// It can move nobody's money by itself. Deposits, transfers, claims and refunds are signed by those whose money it
/// is, and go where these signed them to; with a key of its own it signs only for payees that chose it as their
/// authorizer. A claim it signs for whoever asks, since it pays the receiver what the payer has signed away; a refund,
/// which gives back what the payee may have earned, only for who proves to be that payee.
///
/// - Source: x402 v2, facilitator API; schemes `batch-settlement` and `exact` on EVM.
public final class Facilitator: Sendable {
    let settlement: any Settlement
    /// The settlement as one that moves money from account to account, if it can do that.
    let transfers: (any TransferSettlement)?
    let authorizer: KeySigner?
    let payees: FacilitatedPayees
    private let tokens: Set<Address>
    let sponsor: Sponsor
    let urgentClaims = UrgentClaims()
    let bookedClaims = BookedClaims()
    let underWay = WorkUnderWay<Hash32, SettleResponse>()
    let payouts = WorkUnderWay<Payout, Result<SettleResponse, FacilitatorRefusal>>()

    /// - Parameters:
    ///   - settlement: Payments under `exact` are settled only if it is a `TransferSettlement` too.
    ///   - tokens: What is settled: a token is a program, and what it does costs gas, so none is called but these.
    ///   - authorizer: The key that is offered to payees as their `receiverAuthorizer`.
    ///   - payees: For whom the key signs refunds.
    ///   - limits: How much is settled for one account, and for all.
    public init(
        settlement: any Settlement, tokens: Set<Address>, authorizer: KeySigner? = nil,
        payees: FacilitatedPayees = .none,
        limits: SponsorLimits = SponsorLimits()
    ) {
        self.settlement = settlement
        self.tokens = tokens
        self.payees = payees
        transfers = settlement as? any TransferSettlement
        self.authorizer = authorizer
        sponsor = Sponsor(limits)
    }

    var network: Network { settlement.domain.network }

    /// What is settled here.
    public var supported: SupportedKinds {
        let extra = authorizer.map { JSON.object(["receiverAuthorizer": .string($0.address.checksummed)]) }
        var kinds = [SupportedKinds.Kind(scheme: VoucherOffer.scheme, network: "\(network)", extra: extra)]
        if transfers != nil {
            kinds.append(SupportedKinds.Kind(scheme: ExactTransfer.scheme, network: "\(network)"))
        }
        return SupportedKinds(
            kinds: kinds,
            signers: ["eip155:*": authorizer.map { [$0.address] } ?? []])
    }

    /// Checks a payment, and changes nothing.
    public func verify(_ request: FacilitatorRequest) async -> VerifyResponse {
        do {
            let requirements = try requirements(of: request)
            if let transfers = transfers(for: requirements) {
                let payment = try await verifyExactly(request.payment.payload, requirements, through: transfers)
                return VerifyResponse(isValid: true, payer: payment.transfer.payer)
            }
            let payment = try await examine(request.payment.payload, requirements)
            let snapshot = try await check(payment)
            return VerifyResponse(
                isValid: true, payer: payment.terms.payer, extra: snapshot.json(of: payment.channel))
        } catch {
            return VerifyResponse(
                isValid: false, invalidReason: error.code, invalidMessage: error.message, payer: error.payer)
        }
    }

    /// Carries out a payment or a payee's order.
    ///
    /// The same order a second time, while the first is under way, waits for it and gets its answer.
    ///
    /// - Parameter secret: By which a payee proves who it is, where it wants a refund signed.
    public func settle(_ request: FacilitatorRequest, secret: String? = nil) async -> SettleResponse {
        // An order that shows a secret must not share the answer of one that shows none.
        let key = Keccak256.hash(request.json.bytes + Keccak256.hash(utf8: secret ?? "").bytes)
        return await underWay.run(key) { [self] in
            do throws(FacilitatorRefusal) {
                return try await carryOut(request, secret)
            } catch {
                return SettleResponse(
                    success: false, errorReason: error.code.rawValue, errorMessage: error.message, payer: error.payer,
                    network: network)
            }
        }
    }

    private func carryOut(
        _ request: FacilitatorRequest, _ secret: String?
    ) async throws(FacilitatorRefusal) -> SettleResponse {
        let requirements = try requirements(of: request)
        let payload = request.payment.payload
        if let transfers = transfers(for: requirements) {
            return try await settleExactly(payload, requirements, through: transfers)
        }
        if payload["type"]?.stringValue == "deposit" {
            return try await deposit(try await examine(payload, requirements))
        }
        switch try PayeeOrder(payload) {
        case .claim(let claims):
            for row in claims.rows { try check(row.terms.token) }
            return try await claim(claims)
        case .settle(let receiver, let token):
            try check(token)
            return try await payOut(to: receiver, token)
        case .refund(let refund):
            for terms in [refund.terms] + refund.claims.rows.map(\.terms) { try check(terms.token) }
            return try await self.refund(refund, secret)
        case nil:
            // Vouchers, and refunds that no payee has completed, are not settled.
            throw FacilitatorRefusal(.payloadType, "A payload of this type is not settled.")
        }
    }

    // MARK: - What holds for all payments

    /// Whether a token is settled here.
    func check(_ token: Address) throws(FacilitatorRefusal) {
        guard tokens.contains(token) else {
            throw FacilitatorRefusal(FacilitatorRefusal.foreignToken, "Token \(token) is not settled here.")
        }
    }

    /// What settles a payment under `exact`; `nil` for one under another scheme.
    private func transfers(for requirements: PaymentRequirements) -> (any TransferSettlement)? {
        requirements.scheme == ExactTransfer.scheme ? transfers : nil
    }

    /// Checks that the request is for a scheme that is settled here, and for this chain.
    private func requirements(
        of request: FacilitatorRequest
    ) throws(FacilitatorRefusal) -> PaymentRequirements {
        let (accepted, wanted) = (request.payment.accepted, request.requirements)
        let schemes = supported.kinds.map(\.scheme)
        let isExact = transfers != nil && wanted["scheme"]?.stringValue == ExactTransfer.scheme
        guard let scheme = wanted["scheme"]?.stringValue, accepted["scheme"]?.stringValue == scheme,
            schemes.contains(scheme)
        else {
            throw FacilitatorRefusal(
                isExact ? .unsupportedScheme : .scheme,
                "A payment must be made by the scheme that was asked for: \(schemes.joined(separator: " or ")).")
        }
        guard let name = wanted["network"]?.stringValue, accepted["network"]?.stringValue == name,
            name == "\(network)"
        else {
            throw FacilitatorRefusal(
                isExact ? .exactNetworkMismatch : .networkMismatch,
                "Only payments on \(network) are settled here.")
        }
        guard let requirements = PaymentRequirements(json: wanted) else {
            throw FacilitatorRefusal(.invalidRequirements, "'paymentRequirements' cannot be read.")
        }
        return requirements
    }
}
