// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("Payments: being paid")
struct PaymentsReceivingTests {
    @Test func `takes each proof once, and says what it brought`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open()
            let first = try await shop.alice.incrementBalanceAndSign(units(10))
            let second = try await shop.alice.incrementBalanceAndSign(units(5))
            var gains: [Amount] = []
            for proof in [first, second, second] { gains.append(try await shop.bob.receivePayment(proof.unverified)) }
            #expect(gains == [units(10), units(5), .zero])
            let newest = try await shop.bob.newestProof()
            #expect(newest == second)
        }
    }

    @Test func `serves once for one proof, however often it is shown`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open()
            let proof = try await shop.alice.incrementBalanceAndSign(units(10))
            var served = 0
            for _ in 0..<5 where (try? await shop.bob.receivePayment(proof.unverified, least: units(10))) != nil {
                served += 1
            }
            #expect(served == 1)
            await #expect(throws: PaymentsError.receiver(.tooLittle(gain: .zero, least: units(10)))) {
                try await shop.bob.receivePayment(proof.unverified, least: units(10))
            }
            // Whoever asks for nothing may be told the same again.
            let again = try await shop.bob.receivePayment(proof.unverified)
            #expect(again == .zero)
        }
    }

    @Test func `believes nothing that the sender did not sign for more`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let channel = try await shop.open(100)
            let old = try await shop.pay(10)
            try await shop.pay(10)
            let domain = shop.bob.domain
            let proof = { (balance: Amount, signer: KeySigner, id: ChannelID) in
                UnverifiedBalanceProof(
                    balance: balance,
                    signature: signer.signNow(
                        BalanceProofContract.proofDigest(of: id, balance: balance, in: domain)))
            }
            for (proof, error) in [
                (proof(units(50), stage.mallory, channel.id), .proofSignature),
                (proof(units(50), stage.bob, channel.id), .proofSignature),
                (proof(units(50), stage.alice, ChannelID(.zero)), .proofSignature),
                (old.unverified, .receiver(.notMore(balance: units(10), newest: units(20)))),
                (
                    proof(units(101), stage.alice, channel.id),
                    .receiver(.exceedsDeposit(balance: units(101), deposit: units(100)))
                ),
            ] as [(UnverifiedBalanceProof, PaymentsError)] {
                await #expect(throws: error) { try await shop.bob.receivePayment(proof) }
            }
            let small = proof(units(21), stage.alice, channel.id)
            await #expect(throws: PaymentsError.receiver(.tooLittle(gain: units(1), least: units(2)))) {
                try await shop.bob.receivePayment(small, least: units(2))
            }
            let newest = try await shop.bob.newestProof()
            #expect(newest?.balance == units(20))
        }
    }

    @Test func `refuses a proof made for the same contract on another chain`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let channel = try await shop.open(100)
            let elsewhere = try #require(ContractDomain(.balanceProof, on: Network(evm: 1)))
            let proof = UnverifiedBalanceProof(
                balance: units(5),
                signature: stage.alice.signNow(
                    BalanceProofContract.proofDigest(of: channel.id, balance: units(5), in: elsewhere)))
            await #expect(throws: PaymentsError.proofSignature) { try await shop.bob.receivePayment(proof) }
        }
    }

    @Test func `signs an end for what it verified, and takes nothing after it (weakness 11)`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let channel = try await shop.open()
            try await shop.pay(12)
            let later = try await shop.alice.incrementBalanceAndSign(units(3))
            let end = try await shop.bob.closingSignature(of: stage.bob.address)
            #expect(end.balance == units(12))
            let digest = BalanceProofContract.closeDigest(of: channel.id, balance: units(12), in: shop.bob.domain)
            #expect(end.signature.isBy(stage.bob.address, over: digest))
            // It would be lost: the sender may end the channel with 12 at any time.
            await #expect(throws: PaymentsError.receiver(.ending(balance: units(12)))) {
                try await shop.bob.receivePayment(later.unverified)
            }
            let again = try await shop.bob.closingSignature()
            #expect(again == end)
        }
    }

    @Test func `signs an end for nobody else`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open()
            await #expect(throws: PaymentsError.notReceiver(stage.mallory.address)) {
                try await shop.bob.closingSignature(of: stage.mallory.address)
            }
            await #expect(throws: PaymentsError.noKey(stage.bob.address)) {
                try await shop.alice.closingSignature(of: stage.bob.address)
            }
        }
    }

    @Test func `is paid while the channel stays open, and never twice`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open()
            await #expect(throws: PaymentsError.zeroAmount) { try await shop.bob.withdraw() }
            try await shop.pay(20)
            let receipt = try await shop.bob.withdraw()
            #expect(receipt.payouts == [Payout(to: stage.bob.address, units(20))])
            let again = try await shop.bob.withdraw()
            #expect(again.payouts == [] && again.transaction == nil)
            try await shop.pay(5)
            try await shop.bob.withdraw()
            let (held, info) = (try await stage.holds(stage.bob), try await shop.bob.channelInfo())
            #expect(held == 1025 && info.state == .opened && info.withdrawn == units(25))
        }
    }
}
