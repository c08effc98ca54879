// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingPrimitives
import Testing

/// Digests and a signature that the code of µRaiden and evan.network makes.
@Suite("The old forms of a balance proof")
struct BalanceProofLegacyTests {
    let partner = address(0x33)
    let contract = address(0x44)

    @Test func `are those of µRaiden 0.2.0`() {
        let proof = BalanceProofLegacy.microRaiden.proofDigest(
            to: partner, openBlock: 100, balance: units(5), contract: contract)
        #expect(proof.hex == "0xfc48fa8f39bbce99b03f997bd2a19803ba718c11c432bc81f4bd4bd5c07d3f47")
        let closing = BalanceProofLegacy.microRaiden.closingDigest(
            from: partner, openBlock: 100, balance: units(5), contract: contract)
        #expect(closing.hex == "0xd2c0ab81c559a8548c1e78596dee399fbe70b5e8ffb14e2531f69c8e248de466")
    }

    @Test func `are those of evan.network`() {
        let proof = BalanceProofLegacy.evan.proofDigest(
            to: partner, openBlock: 100, balance: units(5), contract: contract)
        #expect(proof.hex == "0x8be2232ab7b8cafd6118a6a9a658f0e386c2bbea55e9a4e3ff1ededd0b734594")
        // Worked out by another program from the same description.
        let closing = BalanceProofLegacy.evan.closingDigest(
            from: partner, openBlock: 100, balance: units(5), contract: contract)
        #expect(closing.hex == "0x64de225af91f6afc5935bd8820964103cc2a7503eea4d92fd4296af9bcd780fe")
    }

    @Test func `are signed as µRaiden's clients sign them, with v as 27 or 28`() {
        guard let key = PrivateKey([UInt8](repeating: 0x11, count: 32)) else {
            Issue.record("0x11 thirty-two times is a key")
            return
        }
        let digest = BalanceProofLegacy.microRaiden.proofDigest(
            to: partner, openBlock: 100, balance: units(5), contract: contract)
        let signature = key.sign(digest)
        #expect(
            signature.hex
                == "0x221e95fa9b5696a1a840b60e656ce88d0abe404e17e5fb43614cbaeaac6a34c6"
                + "519ff6c1bb1084e36d0ae58ae9016e7cb3f60d91f408051442f12d17daf25ae61b")
        #expect(signature.isBy(key.address, over: digest))
    }

    @Test func `are texts in August 2017`() {
        let text = BalanceProofLegacy.text(receiver: partner, openBlock: 100, balance: units(5))
        #expect(text == "Receiver: 0x3333333333333333333333333333333333333333, Balance: 5, Channel ID: 100")
        #expect(text.utf8.count == 81)
        #expect(
            BalanceProofLegacy.textDigest(text).hex
                == "0xfc1506bcf53eb06aed48d04d1e1fb3aa53210c87369ef6d815100e01553493b6")
        let lines = BalanceProofLegacy.text(receiver: partner, openBlock: 100, balance: units(5), separator: "\n")
        #expect(lines == "Receiver: 0x3333333333333333333333333333333333333333\nBalance: 5\nChannel ID: 100")
    }

    @Test func `hold the largest balance and block`() {
        let digests = BalanceProofLegacy.allCases.flatMap { form in
            [0, .max].flatMap { block in
                [Amount.zero, .max].map { balance in
                    form.proofDigest(to: partner, openBlock: block, balance: balance, contract: contract)
                }
            }
        }
        #expect(Set(digests).count == 8)
    }
}

private func address(_ byte: UInt8) -> Address { Address([UInt8](repeating: byte, count: 20)) ?? .zero }
