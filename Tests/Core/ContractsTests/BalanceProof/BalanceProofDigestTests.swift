// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// Digests that another implementation of EIP-712 has worked out from the types' text.
@Suite("What the sides of a balance-proof channel sign")
struct BalanceProofDigestTests {
    let domain: ContractDomain
    let terms = BalanceProofTerms(
        sender: address(0x11), receiver: address(0x22), token: address(0x44), challengeBlocks: 500,
        salt: Hash32 { $0.copyBytes(from: [UInt8](repeating: 0x66, count: 32)) })

    init() throws {
        domain = try #require(ContractDomain(.balanceProof, on: Network(evm: 84_532), at: address(0x55)))
    }

    @Test func `is what anybody can work out from the types`() {
        let channel = terms.channelID(in: domain)
        #expect("\(channel)" == "0xa83f04bbbc3382a590f896f825719b452b722546b3b507bee585da5225dbc28e")
        #expect(
            BalanceProofContract.proofDigest(of: channel, balance: units(30), in: domain).hex
                == "0x6aa80c120be6631a4f983bd12d12735b74587a0f8720fde8edf39d2b48ad7733")
        #expect(
            BalanceProofContract.closeDigest(of: channel, balance: units(30), in: domain).hex
                == "0x3af741c608644d73687f5e77bc40494341cd535508b9eb956735030935c62ef5")
        #expect(
            BalanceProofContract.requestDigest(of: channel, balance: units(30), in: domain).hex
                == "0x4d5c598b96ccf7cb8ca1e45c98511797d542a144c87d833b6c8b3008978b4e02")
    }

    @Test func `names another channel for each term that is another`() {
        let changes: [(inout BalanceProofTerms) -> Void] = [
            { $0.sender = address(0x12) }, { $0.receiver = address(0x12) }, { $0.token = address(0x12) },
            { $0.challengeBlocks = 501 }, { $0.salt = .zero }, { ($0.sender, $0.receiver) = ($0.receiver, $0.sender) },
        ]
        let ids = changes.map { change in
            var terms = terms
            change(&terms)
            return terms.channelID(in: domain)
        }
        #expect(Set(ids + [terms.channelID(in: domain)]).count == changes.count + 1)
    }
}

private func address(_ byte: UInt8) -> Address { Address([UInt8](repeating: byte, count: 20)) ?? .zero }
