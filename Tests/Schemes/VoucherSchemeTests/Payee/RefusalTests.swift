// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("What a payee refuses")
struct RefusalTests {
    @Test(arguments: RefusalCase.payments + RefusalCase.answers + RefusalCase.refunds)
    func `is refused by its code, and the channel stays as it was`(_ refused: RefusalCase) throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        let event = try refused.prepare(&bob)
        expectRefusal(event, bob.channel, refused.refusal, refused.code)
    }

    @Test func `leaves a deposit that covers too little to be told again without a charge`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 1_000, charged: 1_000)
        let id = try bob.letIn(price: 500, deposit: try alice.deposit(1_000))
        _ = try bob.channel.apply(.served(id, price: 500, at: noon))
        let snapshot = Bob.snapshot(1_200, at: 2)
        expectRefusal(
            .deposited(id, snapshot, charging: true, at: noon), bob.channel,
            .exceedsBalance(signed: 1_500, balance: 1_200), "cumulative_exceeds_balance")
        #expect(try bob.channel.apply(.deposited(id, snapshot, charging: false, at: noon)) == [])
        #expect(bob.channel.charged == 1_000)
        #expect(bob.channel.ledger == snapshot)
        #expect(bob.channel.phase == .idle)
    }

    @Test func `asks for a correction only when the payer's books differ`() {
        for (refusal, code) in Self.all {
            #expect(refusal.callsForCorrection == (code == "cumulative_amount_mismatch"))
        }
    }

    @Test(arguments: all.indices)
    func `has the code that x402 gives it, and tells people why`(_ index: Int) {
        let (refusal, code) = Self.all[index]
        #expect(refusal.code == "invalid_batch_settlement_evm_\(code)")
        #expect(refusal.message.hasSuffix("."))
        #expect(refusal.message.count < 200)
        #expect(refusal.remedy.map { $0.hasSuffix(".") } ?? true)
    }

    @Test func `tells the numbers that decided`() {
        let refusal = VoucherChannel.Refusal.cumulativeMismatch(signed: 1_500, charged: 3_000, price: 1_000)
        #expect(refusal.message == "The voucher totals 1500; 3000 was charged before and 1000 is due.")
        #expect(refusal.remedy == "Sign what was charged so far plus the price of this request.")
    }

    private static let id = ChannelID(.zero)
    private static let settlement = SettlementError.authorizationUsed

    /// Every case, the ones that outer rooms throw included.
    private static let all: [(VoucherChannel.Refusal, String)] = [
        (.payloadType("nonsense"), "payload_type"),
        (.payload(.deposit, field: "deposit.amount"), "deposit_payload"),
        (.payload(.voucher, field: "voucher.signature"), "voucher_payload"),
        (.payload(.refund, field: "channelConfig.salt"), "refund_payload"),
        (.channelIDInvalid, "channel_id_invalid"),
        (.channelIDMismatch(sent: id, computed: id), "channel_id_mismatch"),
        (.receiverMismatch(sent: .zero, offered: .zero), "receiver_mismatch"),
        (.receiverAuthorizerMismatch(sent: .zero, offered: .zero), "receiver_authorizer_mismatch"),
        (.missingPayerAuthorizer, "missing_payer_authorizer"),
        (.tokenMismatch(sent: .zero, offered: .zero), "token_mismatch"),
        (.withdrawDelayMismatch(sent: 901, offered: 900), "withdraw_delay_mismatch"),
        (.withdrawDelayOutOfRange(899), "withdraw_delay_out_of_range"),
        (.voucherSignature(.foreign), "voucher_signature"),
        (.voucherSignature(.malformed(.length(64))), "voucher_signature"),
        (.voucherSignature(.malformed(.recoveryByte(0))), "voucher_signature"),
        (.voucherSignature(.malformed(.outOfRange)), "voucher_signature"),
        (.voucherSignature(.malformed(.highS)), "voucher_signature"),
        (.depositSignature(.foreign), "receive_authorization_signature"),
        (.authorizationRequired, "erc3009_authorization_required"),
        (.permit2Required, "permit2_authorization_required"),
        (.permit2Spender(sent: .zero, collector: .zero), "permit2_invalid_spender"),
        (.permit2Amount(permitted: 1, deposit: 2), "permit2_amount_mismatch"),
        (.permit2Expired(deadline: 1, now: noon), "permit2_deadline_expired"),
        (.permit2Signature(.foreign), "permit2_invalid_signature"),
        (.authorizationNotYetValid(validAfter: 2, now: noon), "payload_authorization_valid_after"),
        (.authorizationExpired(validBefore: 2, now: noon), "payload_authorization_valid_before"),
        (.insufficientBalance(has: 1, needs: 2), "insufficient_balance"),
        (.depositBelowMinimum(deposit: 1, minimum: 2), "deposit_below_min_deposit"),
        (.depositSimulationFailed(settlement), "deposit_simulation_failed"),
        (.depositFailed(settlement), "deposit_transaction_failed"),
        (.channelNotFound, "channel_not_found"),
        (.cumulativeMismatch(signed: 1, charged: 2, price: 3), "cumulative_amount_mismatch"),
        (.exceedsBalance(signed: 2, balance: 1), "cumulative_exceeds_balance"),
        (.belowClaimed(signed: 1, claimed: 2), "cumulative_below_claimed"),
        (.chargeExceedsCeiling(charge: 2, ceiling: 1), "charge_exceeds_signed_cumulative"),
        (.busy, "channel_busy"),
        (.reservationLost, "channel_busy"),
        (.refundAmountInvalid, "refund_amount_invalid"),
        (.refundNoBalance(asked: 2, refundable: 1), "refund_no_balance"),
        (.refundNoBalance(asked: nil, refundable: 0), "refund_no_balance"),
        (.refundFailed(settlement), "refund_transaction_failed"),
        (.depositsTooOften(perHour: 60, leastOfMore: nil, seconds: 9), "deposits_too_often"),
        (.depositsTooOften(perHour: 8, leastOfMore: 10, seconds: 9), "deposits_too_often"),
        (.refundsTooOften(perHour: 8, leastOfMore: nil, seconds: 9), "refunds_too_often"),
        (.refundsTooOften(perHour: 1, leastOfMore: 10, seconds: 9), "refunds_too_often"),
    ]
}
