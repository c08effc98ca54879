// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Testing

@Suite("The receipt that is written in one go")
struct VoucherReceiptTests {
    private let network = Network(evm: 84_532)

    private func full(_ channel: VoucherChannel) -> SettleResponse {
        SettleResponse(
            success: true, payer: channel.terms.payer, network: network,
            extra: ["chargedAmount": .string("\(channel.lastCharge)"), "channelState": channel.channelState])
    }

    private func quick(_ channel: VoucherChannel) -> String {
        VoucherReceipt(network: network).header(of: channel, payer: Array(channel.terms.payer.checksummed.utf8)[...])
    }

    @Test func `is the answer that is written in full, for any channel`() throws {
        let alice = try Alice()
        let hand = SigningHand(alice)
        var (withdrawals, wide, charges) = (0, 0, 0)
        for seed in UInt64(0)..<600 {
            var random = SeededGenerator(seed: seed)
            let snapshot = Self.snapshot(using: &random)
            var channel = VoucherChannel(id: alice.id, terms: alice.terms, ledger: snapshot)
            #expect(quick(channel) == full(channel).header, "seed \(seed)")
            let price = Amount(units: UInt128.random(in: 0...1_000, using: &random))
            if let ceiling = channel.charged.adding(price), ceiling <= channel.limit {
                let reservation = VoucherChannel.Reservation(
                    id: ReservationID(seed), voucher: try hand.voucher(ceiling), price: price, deposit: nil,
                    until: noon.advanced(bySeconds: 60))
                if (try? channel.apply(.paid(reservation, price: price, at: noon))) != nil {
                    charges += 1
                    #expect(channel.lastCharge == price)
                }
            }
            #expect(quick(channel) == full(channel).header, "seed \(seed)")
            withdrawals += channel.ledger.withdrawal == nil ? 0 : 1
            wide += channel.charged.units > UInt128(UInt64.max) ? 1 : 0
        }
        #expect(withdrawals > 100 && wide > 50 && charges > 100, "\(withdrawals), \(wide), \(charges)")
    }

    @Test func `has a payer's address as the payer wrote it`() throws {
        let channel = Bob(alice: try Alice(), balance: 10_000).channel
        let lower = Array(channel.terms.payer.hex.utf8)
        let header = VoucherReceipt(network: network).header(of: channel, payer: lower[...])
        let json = try JSON.parse(Base64.decode(header, maximumBytes: 4096))
        #expect(json["payer"]?.stringValue == channel.terms.payer.hex)
        #expect(try SettleResponse(header: header).payer == channel.terms.payer)
    }

    /// All widths of all numbers are equally likely.
    private static func snapshot(using random: inout SeededGenerator) -> ChannelSnapshot {
        func amount() -> UInt128 {
            let high = UInt128(random.next()) << 64
            return (high | UInt128(random.next())) >> UInt128(Int.random(in: 0...127, using: &random))
        }
        let claimed = amount()
        let room = Bool.random(using: &random) ? amount() : UInt128.random(in: 0...2_000, using: &random)
        let (balance, over) = claimed.addingReportingOverflow(room)
        let times = [
            0, 1, -1, .min, .max, 1_700_000_000, Int64(truncatingIfNeeded: random.next()),
        ]
        let isPending = Int.random(in: 0...2, using: &random) == 0
        return ChannelSnapshot(
            balance: Amount(units: over ? .max : balance), totalClaimed: Amount(units: claimed),
            withdrawal: isPending
                ? PendingWithdrawal(
                    amount: Amount(units: UInt128.random(in: 0...500, using: &random)),
                    requestedAt: Instant(unixSeconds: times.randomElement(using: &random) ?? 0)) : nil,
            refundNonce: [0, 1, .max, random.next()].randomElement(using: &random) ?? 0,
            block: Block(height: 1, time: noon))
    }
}
