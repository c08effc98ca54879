// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
public import FarthingX402

/// Settles for others: checks payments and brings them to a settlement, at its own cost.
///
/// It can move nobody's money by itself. Deposits, claims and refunds are signed by those whose money it is, and go
/// where these signed them to; with a key of its own it signs only for payees that chose it as their authorizer.
///
/// - Source: x402 v2, facilitator API; scheme `batch-settlement` on EVM.
public final class Facilitator: Sendable {
    let settlement: any Settlement
    let authorizer: KeySigner?
    let sponsor: Sponsor
    let underWay = SettlementsUnderWay()

    /// - Parameters:
    ///   - authorizer: The key that is offered to payees as their `receiverAuthorizer`.
    ///   - limits: How much is settled for one account, and for all.
    public init(settlement: any Settlement, authorizer: KeySigner? = nil, limits: SponsorLimits = SponsorLimits()) {
        self.settlement = settlement
        self.authorizer = authorizer
        sponsor = Sponsor(limits)
    }

    var network: Network { settlement.domain.network }

    /// What is settled here.
    public var supported: SupportedKinds {
        let extra = authorizer.map { JSON.object(["receiverAuthorizer": .string($0.address.checksummed)]) }
        return SupportedKinds(
            kinds: [SupportedKinds.Kind(scheme: VoucherOffer.scheme, network: "\(network)", extra: extra)],
            signers: ["eip155:*": authorizer.map { [$0.address] } ?? []])
    }

    /// Checks a payment, and changes nothing.
    public func verify(_ request: FacilitatorRequest) async -> VerifyResponse {
        do {
            let requirements = try requirements(of: request)
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
    public func settle(_ request: FacilitatorRequest) async -> SettleResponse {
        await underWay.run(Keccak256.hash(request.json.bytes)) { [self] in
            do throws(FacilitatorRefusal) {
                return try await carryOut(request)
            } catch {
                return SettleResponse(
                    success: false, errorReason: error.code.rawValue, errorMessage: error.message, payer: error.payer,
                    network: network)
            }
        }
    }

    private func carryOut(_ request: FacilitatorRequest) async throws(FacilitatorRefusal) -> SettleResponse {
        let requirements = try requirements(of: request)
        let payload = request.payment.payload
        if payload["type"]?.stringValue == "deposit" {
            return try await deposit(try await examine(payload, requirements))
        }
        switch try PayeeOrder(payload) {
        case .claim(let claims): return try await claim(claims)
        case .settle(let receiver, let token): return try await payOut(to: receiver, token)
        case .refund(let refund): return try await self.refund(refund)
        case nil:
            // Vouchers, and refunds that no payee has completed, are not settled.
            throw FacilitatorRefusal(.payloadType, "A payload of this type is not settled.")
        }
    }

    // MARK: - What holds for all payments

    /// Checks that the request is for this scheme on this chain.
    private func requirements(
        of request: FacilitatorRequest
    ) throws(FacilitatorRefusal) -> PaymentRequirements {
        let (accepted, wanted) = (request.payment.accepted, request.requirements)
        guard accepted["scheme"]?.stringValue == VoucherOffer.scheme,
            wanted["scheme"]?.stringValue == VoucherOffer.scheme
        else { throw FacilitatorRefusal(.scheme, "Only \(VoucherOffer.scheme) is settled here.") }
        guard let name = wanted["network"]?.stringValue, accepted["network"]?.stringValue == name,
            name == "\(network)"
        else { throw FacilitatorRefusal(.networkMismatch, "Only payments on \(network) are settled here.") }
        guard let requirements = PaymentRequirements(json: wanted) else {
            throw FacilitatorRefusal(.invalidRequirements, "'paymentRequirements' cannot be read.")
        }
        return requirements
    }
}
