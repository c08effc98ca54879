// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("Published channel ids and signatures")
struct CryptoVectorTests {
    @Test func `of channels are computed the same`() throws {
        for channel in try list("channels") {
            let terms = try terms(channel.at("channelConfig"))
            let domain = try domain(channel)
            #expect(domain.channelID(of: terms).hash == (try channel.hash("channelId")), "\(channel["name"] ?? .null)")
        }
    }

    @Test func `of vouchers are verified, with the signer's key and without`() throws {
        var named: [String: ChannelTerms] = [:]
        for channel in try list("channels") {
            named[try channel.text("name")] = try terms(channel.at("channelConfig"))
        }
        var count = 0
        for vector in try list("vouchers") {
            let unverified = UnverifiedVoucher(
                channel: ChannelID(try vector.hash("channelId")), ceiling: try vector.amount("maxClaimableAmount"),
                signature: try #require(Hex.decode(try vector.text("signature"))))
            // The digests were made for more channels than the configurations that the file lists.
            guard let terms = named[try vector.text("channel")] else { continue }
            let domain = try domain(vector)
            let digest = domain.voucherDigest(channel: unverified.channel, ceiling: unverified.ceiling)
            #expect(digest == (try vector.hash("digest")))
            let voucher = try unverified.verified(by: nil, under: terms, in: domain)
            #expect(voucher.signer.address == (try vector.address("signer")))
            #expect(try unverified.verified(by: voucher.signer, under: terms, in: domain) == voucher)
            #expect(voucher.claimable(of: unverified.channel, in: domain) == voucher.signature)
            count += 1
        }
        #expect(count >= 19)
    }

    @Test func `of an EIP-3009 deposit are verified`() throws {
        let vector = try VectorFile.json("batch_settlement_crypto").at("erc3009Deposit")
        let basic = try #require(try list("channels").first)
        let deposit = UnverifiedDeposit(
            amount: try vector.amount("value"), validAfter: try vector.integer("validAfter"),
            validBefore: try vector.integer("validBefore"), salt: try vector.hash("salt"),
            signature: try #require(Hex.decode(try vector.text("signature"))))
        let token = TokenDomain(
            address: try vector.address("tokenDomain.verifyingContract"), name: try vector.text("tokenDomain.name"),
            version: try vector.text("tokenDomain.version"))
        let terms = try terms(basic.at("channelConfig"))
        let signed = try deposit.verified(for: terms, token: token, in: domain(basic), at: noon)
        #expect(signed.amount == 10_000)
        let nonce = SettlementDomain.depositNonce(channel: ChannelID(try vector.hash("channelId")), salt: deposit.salt)
        #expect(nonce == (try vector.hash("nonce")))
    }

    @Test func `of claim batches hold vouchers that are verified`() throws {
        for batch in try list("claimBatches") {
            let claims = try #require(try batch.at("claims").arrayValue)
            let first = try #require(try list("channels").first)
            for claim in claims {
                let terms = try terms(claim.at("voucher.channel"))
                let domain = try domain(first)
                let voucher = try UnverifiedVoucher(
                    channel: domain.channelID(of: terms), ceiling: try claim.amount("voucher.maxClaimableAmount"),
                    signature: try #require(Hex.decode(try claim.text("signature")))
                ).verified(by: nil, under: terms, in: domain)
                #expect(try claim.amount("totalClaimed") <= voucher.ceiling)
            }
        }
    }

    /// Made by another implementation than the rest: viem, a TypeScript library.
    @Test func `of viem agree as well`() throws {
        let vector = try VectorFile.json("batch_settlement_viem_crosscheck")
        let domain = try domain(vector)
        let terms = try terms(vector.at("channelConfig"))
        let id = domain.channelID(of: terms)
        func digest(_ prefix: String) throws -> Hash32? {
            let members = try vector.at("digests").members ?? []
            return members.first { $0.name.hasPrefix(prefix) }?.value.stringValue.flatMap { Hash32(hex: $0) }
        }
        #expect(id.hash == (try digest("L2.1")))
        #expect(domain.voucherDigest(channel: id, ceiling: 1_000) == (try digest("L2.2")))
        #expect(domain.refundDigest(channel: id, nonce: 0, amount: 500) == (try digest("L2.4")))
    }

    private func list(_ name: String) throws -> [JSON] {
        try #require(try VectorFile.json("batch_settlement_crypto").at(name).arrayValue)
    }

    private func domain(_ json: JSON) throws -> SettlementDomain {
        try #require(SettlementDomain(network: Network(evm: try json.integer("chainId"))))
    }

    private func terms(_ json: JSON) throws -> ChannelTerms {
        ChannelTerms(
            payer: try json.address("payer"), payerAuthorizer: try json.address("payerAuthorizer"),
            receiver: try json.address("receiver"), receiverAuthorizer: try json.address("receiverAuthorizer"),
            token: try json.address("token"), withdrawDelay: try json.integer("withdrawDelay"),
            salt: try json.hash("salt"))
    }
}
