// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Vouchers on a chain and on the ledger", .timeLimit(.minutes(10)))
struct VoucherWalkTests {
    @Test(arguments: [false, true]) func `does in a random walk what the ledger does`(isLong: Bool) async throws {
        try await ContractStage.open(isLong: isLong) { stage in
            var walk = try VoucherWalk(stage)
            var steps = WalkSteps(stage)
            while let number = try await steps.next() { try await walk.step(number) }
            walk.log.expect(refusals: 14, on: stage)
        }
    }
}

/// Several payers, payees and channels, and somebody who does anything with them at random.
private struct VoucherWalk {
    private struct Channel {
        let terms: ChannelTerms
        let payer: KeySigner
        /// Signs vouchers, and may withdraw.
        let voucherKey: KeySigner
        /// Signs claims and refunds.
        let claimKey: KeySigner
    }

    private let stage: ContractStage
    private let stranger: KeySigner
    private var random = SeededGenerator.ofWalk(17)
    private var channels: [Channel] = []
    private var pair: VoucherPair
    private var last: VoucherStep.Deposit?
    private var salt: UInt64 = 0
    private(set) var log = WalkLog()

    init(_ stage: ContractStage) throws {
        self.stage = stage
        stranger = try TestChain.signer(stage.devnet, 5)
        channels = Self.channels(stage, salt: 0)
        pair = VoucherPair(stage, channels.map(\.terms))
    }

    private static func channels(_ stage: ContractStage, salt: Int) -> [Channel] {
        func channel(
            _ payer: KeySigner, _ receiver: KeySigner, vouchers: KeySigner?, claims: KeySigner, delay: UInt64
        ) -> Channel {
            let terms = ChannelTerms(
                payer: payer.address, payerAuthorizer: vouchers?.address ?? .zero, receiver: receiver.address,
                receiverAuthorizer: claims.address, token: stage.token.address, withdrawDelay: delay,
                salt: ABI.Word.uint(UInt64(salt)).bytes)
            return Channel(terms: terms, payer: payer, voucherKey: vouchers ?? payer, claimKey: claims)
        }
        let (payer, payee, other, keyholder) = (stage.payer, stage.payee, stage.other, stage.keyholder)
        // No delay ends between a block that passes time and what is carried out: see ``ContractStage/pass(seconds:)``.
        return [
            channel(payer, payee, vouchers: payer, claims: payee, delay: 902),
            channel(payer, payee, vouchers: keyholder, claims: keyholder, delay: 902),
            channel(payer, other, vouchers: nil, claims: payee, delay: 902),
            channel(other, payee, vouchers: nil, claims: keyholder, delay: 1802),
            // One pays itself, and one payee is another's key.
            channel(other, other, vouchers: other, claims: payee, delay: 902),
            channel(payer, keyholder, vouchers: other, claims: keyholder, delay: 1802),
        ]
    }

    // MARK: - Steps

    mutating func step(_ number: Int) async throws {
        // New ones, for what is done before the first deposit.
        if number.isMultiple(of: 75) {
            channels = Self.channels(stage, salt: number + 1)
            pair = VoucherPair(stage, channels.map(\.terms))
            last = nil
        }
        let channel = try random.pick(channels)
        let die = Int.random(in: 0..<40, using: &random)
        if die == 39, stage.queue == nil {
            let (deposit, asPayer) = (newDeposit(channel), random.oneIn(4))
            return log.add(
                try await pair.offerToContract(from: deposit, asPayer: asPayer, "step \(number): its own contract"))
        }
        let step =
            switch die {
            case 0..<9: try await deposit(channel)
            case 9..<21: try await claim(of: channel)
            case 21..<24: VoucherStep.settle(try random.pick(stage.people).address)
            case 24..<30: try await refund(channel)
            case 30..<35: withdrawal(channel)
            default: VoucherStep.finalizeWithdraw(channel.terms, by: taker(of: channel))
            }
        let isLate = random.oneIn(die >= 35 ? 3 : 12)
        log.add(try await pair.take(step, seconds: isLate ? 1000 : 1, "step \(number): \(step)"))
    }

    private mutating func newDeposit(_ channel: Channel) -> VoucherStep.Deposit {
        salt += 1
        return VoucherStep.Deposit(terms: channel.terms, units: units(), salt: salt, signer: channel.payer)
    }

    private mutating func deposit(_ channel: Channel) async throws -> VoucherStep {
        var deposit = newDeposit(channel)
        // One fault at a time: token, contract and settlement look in orders of their own.
        switch Int.random(in: 0..<22, using: &random) {
        case 0: deposit = last ?? deposit
        case 1:
            deposit = last ?? deposit
            deposit.units += 1
        case 2: deposit.signer = stranger
        case 3:
            deposit = last ?? deposit
            deposit.signer = stranger
        case 4: deposit.validBefore = try await stage.moment(in: UInt64.random(in: 0...12, using: &random))
        case 5: deposit.validAfter = try await stage.moment(in: UInt64.random(in: 0...12, using: &random))
        case 6: deposit.units = 5 * ContractStage.riches
        case 7: deposit.units = 0
        case 8: deposit.terms.withdrawDelay = random.oneIn(2) ? 899 : 2_592_001
        case 9: deposit.terms.receiver = .zero
        default: last = deposit
        }
        return .deposit(deposit)
    }

    private mutating func claim(of channel: Channel) async throws -> VoucherStep {
        let mine = channels.filter { $0.claimKey.address == channel.claimKey.address }
        if random.oneIn(20), let foreign = channels.first(where: { $0.claimKey.address != channel.claimKey.address }) {
            // The first row is passed over, so that the contract has nothing else against the batch.
            let rows = [try await row(channel, total: 0), try await row(foreign)]
            return .claim(rows, by: channel.claimKey)
        }
        var rows: [VoucherStep.Row] = []
        for _ in 0..<Int.random(in: random.oneIn(10) ? 0...0 : 1...4, using: &random) {
            rows.append(try await row(try random.pick(mine)))
        }
        return .claim(rows, by: random.oneIn(12) ? stranger : channel.claimKey)
    }

    private mutating func row(_ channel: Channel, total: UInt64? = nil) async throws -> VoucherStep.Row {
        let known = try await pair.ledger.snapshot(of: channel.terms)
        let (claimed, balance) = (UInt64(known?.totalClaimed.units ?? 0), UInt64(known?.balance.units ?? 0))
        let low = claimed < 5 ? 0 : claimed - 5
        // Now and then behind what was claimed, or beyond what is there.
        let most = random.oneIn(8) ? balance + 20 : max(low, min(balance, claimed + 60))
        let total = total ?? UInt64.random(in: low...max(low, most), using: &random)
        var ceiling = total + UInt64.random(in: 0...10, using: &random)
        if random.oneIn(12), total > 0 { ceiling = total - 1 }
        return VoucherStep.Row(
            terms: channel.terms, total: total, ceiling: ceiling,
            signer: random.oneIn(12) ? stranger : channel.voucherKey)
    }

    private mutating func refund(_ channel: Channel) async throws -> VoucherStep {
        let nonce = try await pair.ledger.snapshot(of: channel.terms)?.refundNonce ?? 0
        let asked = random.oneIn(10) ? (random.oneIn(2) ? 0 : ContractStage.riches) : units()
        return .refund(
            channel.terms, asked, nonce: random.oneIn(8) ? nonce + 1 : nonce,
            by: random.oneIn(10) ? stranger : channel.claimKey)
    }

    private mutating func withdrawal(_ channel: Channel) -> VoucherStep {
        .initiateWithdraw(channel.terms, random.oneIn(10) ? 0 : units(), by: taker(of: channel))
    }

    // MARK: - Dice

    private mutating func taker(of channel: Channel) -> KeySigner {
        if random.oneIn(10) { return stranger }
        return random.oneIn(4) ? channel.voucherKey : channel.payer
    }

    private mutating func units() -> UInt64 {
        UInt64.random(in: random.oneIn(20) ? 1...1_000_000 : 1...200, using: &random)
    }
}
