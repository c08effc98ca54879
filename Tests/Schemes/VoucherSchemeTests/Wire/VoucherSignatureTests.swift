// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A voucher's signature")
struct VoucherSignatureTests {
    @Test func `is checked by recovering the signer, and later against the signer's key`() throws {
        let alice = try Alice()
        let unverified = alice.unverifiedVoucher(1_000)
        let first = try unverified.verified(by: nil, under: alice.terms, in: alice.domain)
        #expect(first.signer == alice.hand.publicKey)
        #expect(first.ceiling == 1_000)
        #expect(first.signature.bytes == unverified.signature)
        #expect(try unverified.verified(by: first.signer, under: alice.terms, in: alice.domain) == first)
    }

    @Test(arguments: [0, 1, 64, 66, 130])
    func `has 65 bytes`(count: Int) throws {
        try refuse(.malformed(.length(count))) { signature in
            signature = Array((signature + [UInt8](repeating: 27, count: 65)).prefix(count))
        }
    }

    @Test(arguments: [0, 1, 26, 29, 255] as [UInt8])
    func `ends in 27 or 28`(v: UInt8) throws {
        try refuse(.malformed(.recoveryByte(v))) { signature in signature[64] = v }
    }

    @Test func `has a low s`() throws {
        try refuse(.malformed(.highS)) { signature in signature = Mallory.mirrored(signature) }
    }

    @Test(arguments: [0..<32, 32..<64])
    func `has an r and an s that are neither zero nor at the curve's order`(_ part: Range<Int>) throws {
        try refuse(.malformed(.outOfRange)) { signature in
            signature.replaceSubrange(part, with: [UInt8](repeating: 0, count: 32))
        }
        try refuse(.malformed(.outOfRange)) { signature in signature.replaceSubrange(part, with: Mallory.order) }
        try refuse(.malformed(.outOfRange)) { signature in
            signature.replaceSubrange(part, with: [UInt8](repeating: 255, count: 32))
        }
    }

    @Test func `is the channel's signer's, whose key need not be the payer's`() throws {
        let alice = try Alice(hand: 0x44)
        let byPayer = try Alice().hand.signNow(alice.domain.voucherDigest(channel: alice.id, ceiling: 1_000))
        try refuse(.foreign, of: alice) { signature in signature = byPayer.bytes }
        try refuse(.foreign, of: alice) { signature in
            signature = Alice.key(0x55).signNow(alice.domain.voucherDigest(channel: alice.id, ceiling: 1_000)).bytes
        }
    }

    @Test func `is over this channel, this amount, this network and this contract`() throws {
        let alice = try Alice()
        for digest in [
            alice.domain.voucherDigest(channel: try Alice(salt: 1).id, ceiling: 1_000),
            alice.domain.voucherDigest(channel: alice.id, ceiling: 999),
            try Alice(chain: 8_453).domain.voucherDigest(channel: alice.id, ceiling: 1_000),
            try #require(SettlementDomain(network: alice.domain.network, contract: alice.terms.token))
                .voucherDigest(channel: alice.id, ceiling: 1_000),
            alice.domain.refundDigest(channel: alice.id, nonce: 0, amount: 1_000),
        ] {
            try refuse(.foreign) { signature in signature = alice.hand.signNow(digest).bytes }
        }
    }

    @Test func `counts for the channel of its terms only`() throws {
        let alice = try Alice()
        let other = try Alice(salt: 1)
        let refusal = #expect(throws: VoucherChannel.Refusal.self) {
            try other.unverifiedVoucher(1_000).verified(by: nil, under: alice.terms, in: alice.domain)
        }
        #expect(refusal == .channelIDMismatch(sent: other.id, computed: alice.id))
    }

    @Test func `with a flipped v is taken from a known key, and put right before it is claimed`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        let honest = alice.unverifiedVoucher(2_000)
        var flipped = honest
        flipped.signature[64] = 55 - flipped.signature[64]
        #expect(throws: VoucherChannel.Refusal.voucherSignature(.foreign)) {
            try flipped.verified(by: nil, under: alice.terms, in: alice.domain)
        }

        let voucher = try flipped.verified(by: bob.channel.signer, under: alice.terms, in: alice.domain)
        #expect(voucher.signature.bytes == flipped.signature)
        #expect(voucher.claimable(of: alice.id, in: alice.domain).bytes == honest.signature)

        let id = bob.draw()
        let reservation = VoucherChannel.Reservation(
            id: id, voucher: voucher, price: 1_000, deposit: nil, until: noon.advanced(bySeconds: 60))
        _ = try bob.channel.apply(.paymentArrived(reservation, at: noon))
        _ = try bob.channel.apply(.served(id, price: 1_000, at: noon))
        #expect(bob.channel.claimRow(in: alice.domain)?.signature.bytes == honest.signature)
    }

    /// Spoils a signature over 1,000 and expects this trouble, whether or not the signer's key is known.
    private func refuse(
        _ trouble: VoucherChannel.SignatureTrouble, of alice: Alice? = nil,
        sourceLocation: SourceLocation = #_sourceLocation, spoiling spoil: (inout [UInt8]) -> Void
    ) throws {
        let alice = try alice ?? Alice()
        var voucher = alice.unverifiedVoucher(1_000)
        spoil(&voucher.signature)
        for key in [nil, alice.hand.publicKey] {
            let refusal = #expect(throws: VoucherChannel.Refusal.self, sourceLocation: sourceLocation) {
                try voucher.verified(by: key, under: alice.terms, in: alice.domain)
            }
            #expect(refusal == .voucherSignature(trouble), sourceLocation: sourceLocation)
            #expect(refusal?.code == "invalid_batch_settlement_evm_voucher_signature", sourceLocation: sourceLocation)
        }
    }
}
