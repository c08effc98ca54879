// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A deposit's authorisation")
struct UnverifiedDepositTests {
    @Test(arguments: [6, 7, 3_600] as [UInt64])
    func `is taken with six seconds left or more`(seconds: UInt64) throws {
        let alice = try Alice()
        let deposit = alice.unverifiedDeposit(10_000, validBefore: UInt64(noon.unixSeconds) + seconds)
        let signed = try verify(deposit, alice)
        #expect(signed.amount == 10_000)
        #expect(signed.terms == alice.terms)
        #expect(signed.authorization.validBefore == deposit.validBefore)
        #expect(signed.authorization.salt == deposit.salt)
        #expect(signed.authorization.signature.bytes == deposit.signature)
    }

    @Test(arguments: [UInt64(Int64.max), UInt64(Int64.max) + 1, .max])
    func `may be valid until the end of time`(end: UInt64) throws {
        let alice = try Alice()
        _ = try verify(alice.unverifiedDeposit(1, validBefore: end), alice)
    }

    @Test(arguments: [-1_700_000_000, -3_600, 0, 5] as [Int64])
    func `is refused when it has expired, or will within six seconds`(seconds: Int64) throws {
        let alice = try Alice()
        let end = UInt64(noon.unixSeconds + seconds)
        let refusal = #expect(throws: VoucherChannel.Refusal.self) {
            try verify(alice.unverifiedDeposit(10_000, validBefore: end), alice)
        }
        #expect(refusal == .authorizationExpired(validBefore: end, now: noon))
        #expect(refusal?.code == "invalid_batch_settlement_evm_payload_authorization_valid_before")
    }

    @Test(arguments: [1, 3_600] as [UInt64])
    func `is refused before its time`(seconds: UInt64) throws {
        let alice = try Alice()
        let start = UInt64(noon.unixSeconds) + seconds
        let refusal = #expect(throws: VoucherChannel.Refusal.self) {
            try verify(alice.unverifiedDeposit(10_000, validAfter: start), alice)
        }
        #expect(refusal == .authorizationNotYetValid(validAfter: start, now: noon))
        #expect(refusal?.code == "invalid_batch_settlement_evm_payload_authorization_valid_after")
        _ = try verify(alice.unverifiedDeposit(10_000, validAfter: UInt64(noon.unixSeconds)), alice)
    }

    @Test func `is the payer's, over this amount, this span of time, this salt and this channel`() throws {
        let alice = try Alice()
        let honest = alice.unverifiedDeposit(10_000)
        var changed = [UnverifiedDeposit](repeating: honest, count: 4)
        changed[0].amount = 10_001
        changed[1].validAfter = 1
        changed[2].validBefore += 1
        changed[3].salt = .zero
        changed.append(try Alice(wallet: 0x55).unverifiedDeposit(10_000))
        changed.append(try Alice(salt: 1).unverifiedDeposit(10_000))
        changed.append(try Alice(chain: 8_453).unverifiedDeposit(10_000))
        for deposit in changed { try refuse(deposit, .foreign) }
    }

    @Test func `is made by the payer even where another key signs the vouchers`() throws {
        let alice = try Alice(hand: 0x44)
        _ = try verify(alice.unverifiedDeposit(10_000), alice)
    }

    @Test func `is in the token's own domain`() throws {
        let alice = try Alice()
        for token in [
            TokenDomain(address: alice.terms.token, name: "USD Coin", version: "2"),
            TokenDomain(address: alice.terms.token, name: "USDC", version: "1"),
            TokenDomain(address: alice.terms.receiver, name: "USDC", version: "2"),
        ] {
            #expect(throws: VoucherChannel.Refusal.depositSignature(.foreign)) {
                try alice.unverifiedDeposit(10_000)
                    .verified(for: alice.terms, token: token, in: alice.domain, at: noon)
            }
        }
    }

    @Test func `has a signature that contracts take`() throws {
        var deposit = try Alice().unverifiedDeposit(10_000)
        let signature = deposit.signature
        deposit.signature = Mallory.mirrored(signature)
        try refuse(deposit, .malformed(.highS))
        deposit.signature = Array(signature.dropLast())
        try refuse(deposit, .malformed(.length(64)))
        deposit.signature = signature.dropLast() + [0]
        try refuse(deposit, .malformed(.recoveryByte(0)))
        deposit.signature = signature.dropLast() + [55 - signature[64]]
        try refuse(deposit, .foreign)
    }

    // MARK: -

    private func verify(_ deposit: UnverifiedDeposit, _ alice: Alice) throws -> SignedDeposit {
        try deposit.verified(for: alice.terms, token: alice.token.domain, in: alice.domain, at: noon)
    }

    private func refuse(
        _ deposit: UnverifiedDeposit, _ trouble: VoucherChannel.SignatureTrouble,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let alice = try Alice()
        let refusal = #expect(throws: VoucherChannel.Refusal.self, sourceLocation: sourceLocation) {
            try verify(deposit, alice)
        }
        #expect(refusal == .depositSignature(trouble), sourceLocation: sourceLocation)
        #expect(
            refusal?.code == "invalid_batch_settlement_evm_receive_authorization_signature",
            sourceLocation: sourceLocation)
    }
}
