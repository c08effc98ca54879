// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("An offer to take vouchers")
struct VoucherOfferTests {
    @Test func `is met by a channel on its terms`() throws {
        let alice = try Alice()
        try alice.offer.check(alice.terms)
    }

    @Test func `travels in the extra members of an x402 offer`() throws {
        var offer = try Alice().offer
        let expected: JSON = [
            "name": "USDC", "version": "2", "receiverAuthorizer": "0x5CbDd86a2FA8Dc4bDdd8a8f69dBa48572EeC07FB",
            "withdrawDelay": 900, "minDeposit": "10000",
        ]
        #expect(offer.extra == expected)
        offer.minimumDeposit = nil
        #expect(offer.extra["minDeposit"] == nil)
    }

    @Test func `is not met by a channel on other terms`() throws {
        let alice = try Alice()
        let other = alice.terms.payer
        try refuse("receiver_mismatch", .receiverMismatch(sent: other, offered: alice.terms.receiver)) {
            $0.receiver = other
        }
        try refuse(
            "receiver_authorizer_mismatch",
            .receiverAuthorizerMismatch(sent: other, offered: alice.terms.receiverAuthorizer)
        ) { $0.receiverAuthorizer = other }
        try refuse("token_mismatch", .tokenMismatch(sent: other, offered: alice.terms.token)) { $0.token = other }
        try refuse("withdraw_delay_mismatch", .withdrawDelayMismatch(sent: 901, offered: 900)) {
            $0.withdrawDelay = 901
        }
    }

    @Test(arguments: [0, 899, 2_592_001, 1 << 40] as [UInt64])
    func `may not ask for a delay that the contract refuses`(delay: UInt64) throws {
        let alice = try Alice()
        var offer = alice.offer
        offer.withdrawDelay = delay
        try refuse("withdraw_delay_out_of_range", .withdrawDelayOutOfRange(delay), by: offer) {
            $0.withdrawDelay = delay
        }
    }

    @Test func `may not name nobody as the receiver's authorizer`() throws {
        var offer = try Alice().offer
        offer.receiverAuthorizer = .zero
        try refuse(
            "receiver_authorizer_mismatch", .receiverAuthorizerMismatch(sent: .zero, offered: .zero), by: offer
        ) { $0.receiverAuthorizer = .zero }
    }

    /// The contract would ask the payer's account, which can be given code that refuses what its key signed.
    @Test func `is not met by a channel whose vouchers the payer's account would judge`() throws {
        try refuse("missing_payer_authorizer", .missingPayerAuthorizer) { $0.payerAuthorizer = .zero }
    }

    private func refuse(
        _ code: String, _ refusal: VoucherChannel.Refusal, by offer: VoucherOffer? = nil,
        sourceLocation: SourceLocation = #_sourceLocation, changing change: (inout ChannelTerms) -> Void
    ) throws {
        let alice = try Alice()
        var terms = alice.terms
        change(&terms)
        let thrown = #expect(throws: VoucherChannel.Refusal.self, sourceLocation: sourceLocation) {
            try (offer ?? alice.offer).check(terms)
        }
        #expect(thrown == refusal, sourceLocation: sourceLocation)
        #expect(thrown?.code == "invalid_batch_settlement_evm_\(code)", sourceLocation: sourceLocation)
    }
}
