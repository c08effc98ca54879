// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingExactScheme
import FarthingPrimitives
import FarthingX402

extension Facilitator {
    /// Checks a payment under the scheme `exact`, in x402's order, and changes nothing.
    func verifyExactly(
        _ payload: JSON, _ requirements: PaymentRequirements, through transfers: any TransferSettlement
    ) async throws(FacilitatorRefusal) -> ExactPayment {
        let payer = Self.payer(of: payload)
        let now = try await time(payer, through: transfers)
        let payment: ExactPayment
        do throws(ExactPayment.Refusal) {
            let offer = try ExactOffer(requirements)
            payment = try UnverifiedExactPayment(payload).verified(for: offer, in: transfers.domain, at: now)
        } catch {
            throw FacilitatorRefusal(error, payer: payer)
        }
        do { try await transfers.checkTransfer(payment.signedTransfer) } catch {
            throw await refusal(error, of: payment, through: transfers)
        }
        try check(payment.token.address)
        return payment
    }

    /// Moves the money of a payment under the scheme `exact`; the same a second time answers as the first.
    func settleExactly(
        _ payload: JSON, _ requirements: PaymentRequirements, through transfers: any TransferSettlement
    ) async throws(FacilitatorRefusal) -> SettleResponse {
        do throws(FacilitatorRefusal) {
            let payment = try await verifyExactly(payload, requirements, through: transfers)
            let payer = payment.transfer.payer
            let share = try sponsor.admit(payer, at: try await time(payer, through: transfers))
            do throws(SettlementError) {
                let receipt = try await sponsor.metering(payer, giving: share, where: Self.cameToNothing) {
                    () async throws(SettlementError) in
                    try await transfers.transfer(payment.signedTransfer)
                }
                return answer(payer, receipt)
            } catch {
                throw await refusal(error, of: payment, through: transfers)
            }
        } catch {
            guard error.code != .unexpectedVerifyError else {
                throw FacilitatorRefusal(.unexpectedSettleError, error.message, payer: error.payer)
            }
            // Whoever lost the first answer learns what came of it, however late.
            guard Self.toldOfUsed.contains(error.code),
                let settled = try await settledBefore(payload, requirements, through: transfers)
            else { throw error }
            return settled
        }
    }

    /// What is said of a payment that was settled before: its nonce is used, and later its time is up, too.
    private static let toldOfUsed: Set<FacilitatorCode> = [
        FacilitatorCode(rawValue: ExactPayment.Refusal.nonceUsed.code),
        FacilitatorCode(
            rawValue: ExactPayment.Refusal.expired(validBefore: 0, now: Instant(unixSeconds: 0)).code),
    ]

    private func settledBefore(
        _ payload: JSON, _ requirements: PaymentRequirements, through transfers: any TransferSettlement
    ) async throws(FacilitatorRefusal) -> SettleResponse? {
        guard let offer = try? ExactOffer(requirements),
            let payment = try? UnverifiedExactPayment(payload).verified(for: offer, in: transfers.domain, at: nil)
        else { return nil }
        let payer = payment.transfer.payer
        do throws(SettlementError) {
            return try await transfers.receipt(of: payment.signedTransfer).map { answer(payer, $0) }
        } catch {
            switch error {
            case .unavailable, .cancelled:
                throw FacilitatorRefusal(.unexpectedSettleError, Self.unreachable, payer: payer)
            default: return nil
            }
        }
    }

    private func answer(_ payer: Address, _ receipt: TransferReceipt) -> SettleResponse {
        SettleResponse(
            success: true, payer: payer, transaction: receipt.transaction, network: network, amount: receipt.amount)
    }

    private func time(
        _ payer: Address?, through transfers: any TransferSettlement
    ) async throws(FacilitatorRefusal) -> Instant {
        do { return try await transfers.head().time } catch {
            throw FacilitatorRefusal(.unexpectedVerifyError, Self.unreachable, payer: payer)
        }
    }

    /// Tells trouble with the settlement itself as such, so that nobody takes it for a bad payment.
    private func refusal(
        _ error: SettlementError, of payment: ExactPayment, through transfers: any TransferSettlement
    ) async -> FacilitatorRefusal {
        let payer = payment.transfer.payer
        let stored = try? await transfers.token(payment.token.address)
        guard let refusal = payment.refusal(error, stored: stored?.domain) else {
            return FacilitatorRefusal(.unexpectedVerifyError, Self.unreachable, payer: payer)
        }
        return FacilitatorRefusal(refusal, payer: payer)
    }

    private static let unreachable = "The settlement cannot be reached."

    private static func payer(of payload: JSON) -> Address? {
        payload["authorization"]?["from"]?.stringValue.flatMap(Address.init(hex:))
    }
}
