// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives

@testable import FarthingEVMSettlement

/// In which words the contract must refuse what the ledger refuses.
struct VoucherRefusal: Hashable, Sendable {
    /// One of them.
    let words: [String]

    /// - Returns: `nil` where the contract must do it.
    init?(_ onLedger: VoucherAnswer, of step: VoucherStep) {
        switch (onLedger, step) {
        // A settlement answers with the first receipt, and the token has seen it.
        case (.nothing, .deposit): words = [Self.used]
        case (.refused(let code), .finalizeWithdraw) where code == "settlement.not-authorized":
            words = ["NotAuthorizedToFinalizeWithdraw()"]
        case (.refused(let code), _): words = Self.words[code] ?? []
        default:
            guard case .refused(let code) = onLedger.ofAllOrNone else { return nil }
            words = Self.words[code] ?? []
        }
    }

    /// Whether a contract answered what it must.
    ///
    /// - Parameter output: `nil` when it did what it was told.
    static func matches(_ expected: VoucherRefusal?, _ output: [UInt8]?) -> Bool {
        guard let expected, let output else { return expected == nil && output == nil }
        let reason = RevertReason(output)
        return expected.words.contains { $0 == reason.text || ABI.selector($0) == reason.selector }
    }

    private static let used = "FiatTokenV2: authorization is used or canceled"

    /// By the ledger's code.
    ///
    /// - Source: the errors of x402BatchSettlement; the texts of USDC.
    private static let words = [
        "settlement.invalid-terms": ["InvalidChannel()"],
        "settlement.withdraw-delay-out-of-range": ["WithdrawDelayOutOfRange()"],
        "settlement.zero-amount": ["ZeroDeposit()", "ZeroRefund()"],
        "settlement.authorization-not-yet-valid": ["FiatTokenV2: authorization is not yet valid"],
        "settlement.authorization-expired": ["FiatTokenV2: authorization is expired"],
        "settlement.authorization-used": [used],
        // The token looks for the number first.
        "settlement.authorization-signature": ["FiatTokenV2: invalid signature", used],
        "settlement.insufficient-balance": ["ERC20: transfer amount exceeds balance"],
        "settlement.empty-batch": ["EmptyBatch()"],
        "settlement.mixed-authorizers": ["NotReceiverAuthorizer()"],
        "settlement.claim-signature": ["InvalidSignature()"],
        "settlement.voucher-signature": ["InvalidSignature()"],
        "settlement.claim-exceeds-ceiling": ["ClaimExceedsCeiling()"],
        "settlement.claim-exceeds-balance": ["ClaimExceedsBalance()"],
        "settlement.refund-nonce": ["InvalidRefundNonce()"],
        "settlement.refund-signature": ["InvalidSignature()"],
        "settlement.not-authorized": ["InvalidChannel()"],
        "settlement.nothing-to-withdraw": ["NothingToWithdraw()"],
        "settlement.withdrawal-already-pending": ["WithdrawalAlreadyPending()"],
        "settlement.withdrawal-exceeds-available": ["WithdrawAmountExceedsAvailable()"],
        "settlement.withdrawal-not-pending": ["WithdrawalNotPending()"],
        "settlement.withdraw-delay-not-elapsed": ["WithdrawDelayNotElapsed()"],
    ]
}

extension VoucherAnswer {
    /// The same of a place that takes all rows of a batch or none.
    var ofAllOrNone: VoucherAnswer {
        guard case .booked(let outcomes) = self else { return self }
        for case .refused(let refusal) in outcomes { return .refused(refusal.code) }
        return self
    }

    /// What became of the rows that were not refused.
    var ofRest: VoucherAnswer {
        guard case .booked(let outcomes) = self else { return self }
        return .booked(outcomes.filter { !$0.isRefusal })
    }

    /// A claim without the rows that were refused; `nil` when none was, or all were.
    func rest(of step: VoucherStep) -> VoucherStep? {
        guard case .booked(let outcomes) = self, case .claim(let rows, let signer) = step else { return nil }
        let rest = zip(rows, outcomes).filter { !$1.isRefusal }.map(\.0)
        return rest.isEmpty || rest.count == rows.count ? nil : .claim(rest, by: signer)
    }

    /// As the log of a walk counts it.
    var answer: Answer {
        switch self {
        case .moved: .done([:])
        case .nothing: .nothing
        case .refused(let code): .refused(code)
        case .booked(let outcomes):
            if case .refused(let code) = ofAllOrNone {
                .refused(code)
            } else {
                outcomes.allSatisfy { $0 == .alreadyClaimed } ? .nothing : .done([:])
            }
        }
    }
}

extension ClaimReceipt.Outcome {
    fileprivate var isRefusal: Bool {
        if case .refused = self { true } else { false }
    }
}
