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

    @Test func `of a Permit2 deposit are made the same, and so is the payload`() throws {
        let vector = try VectorFile.json("batch_settlement_crypto").at("permit2Deposit")
        let alice = try Alice()
        #expect(alice.id.hash == (try vector.hash("channelId")))
        #expect(alice.domain.permit2Collector == (try vector.address("spender")))
        let amount = try vector.amount("permitted.amount")
        let deadline = try vector.integer("deadline")
        let leave = DepositLeave(
            amount: amount, method: .permit2, salt: DepositLeave.salt(12_345), validBefore: deadline)
        #expect(leave.permit2Nonce == (try vector.amount("nonce")))
        let digest = alice.domain.permit2DepositDigest(
            channel: alice.id, token: try vector.address("permitted.token"), amount: amount,
            nonce: leave.permit2Nonce, deadline: deadline)
        #expect(digest == (try vector.hash("digest")))
        let signature = Alice.key(0x11).signNow(digest).bytes
        #expect(Hex.encode(signature) == (try vector.text("signature")))

        let deposit = UnverifiedDeposit(
            amount: amount, validAfter: 0, validBefore: deadline, salt: leave.salt, signature: signature,
            permit2Spender: alice.domain.permit2Collector)
        let payload = VoucherPayload.deposit(alice.terms, alice.unverifiedVoucher(1_000), deposit)
        let header = try VectorFile.json("http_headers").at("PAYMENT-SIGNATURE/deposit-permit2")
        #expect(payload.json == (try header.at("json.payload")))
    }

    @Test func `of a Permit2 deposit hold the low half of the salt as the nonce`() throws {
        let salt = Hash32(filling: { bytes in for index in 0..<32 { bytes[index] = UInt8(index) } })
        let leave = DepositLeave(amount: 1, method: .permit2, salt: salt, validBefore: 1)
        #expect(leave.permit2Nonce == Amount(units: 0x1011_1213_1415_1617_1819_1a1b_1c1d_1e1f))
        let full = Hash32(filling: { bytes in for index in 0..<32 { bytes[index] = 0xff } })
        #expect(DepositLeave(amount: 1, method: .permit2, salt: full, validBefore: 1).permit2Nonce == .max)
    }

    /// Digests that the official client signed; the signer comes out only where every byte is right.
    @Test func `of the scheme 'exact' come from their payer`() throws {
        var count = 0
        for exchange in try #require(try VectorFile.json("http_exchange_exact").arrayValue) {
            guard let payment = try exchange.at("request.decoded")["payment-signature"] else { continue }
            let transfer = try payment.at("payload.authorization")
            let offer = try payment.at("accepted")
            let network = try #require(Network(try offer.text("network")))
            let domain = try #require(SettlementDomain(network: network))
            let token = TokenDomain(
                address: try offer.address("asset"), name: try offer.text("extra.name"),
                version: try offer.text("extra.version"))
            let digest = domain.transferDigest(
                token: token, from: try transfer.address("from"), to: try transfer.address("to"),
                amount: try transfer.amount("value"), validAfter: try transfer.integer("validAfter"),
                validBefore: try transfer.integer("validBefore"), nonce: try transfer.hash("nonce"))
            let text = try payment.text("payload.signature")
            let bytes = try #require(Hex.decode(text))
            let signature = try Signature(bytes)
            let signer = PublicKey(recovering: signature, over: digest)?.address
            #expect(signer == (try transfer.address("from")))
            // The same key signs the same bytes.
            #expect(Hex.encode(Alice.key(0x11).signNow(digest).bytes) == text)
            count += 1
        }
        #expect(count >= 2)
    }

    @Test func `hash the types as others do`() throws {
        typealias Types = SettlementDomain.TypeHashes
        let types = [
            "ChannelConfig": Types.channelConfig, "Voucher": Types.voucher, "Refund": Types.refund,
            "ClaimEntry": Types.claimEntry, "ClaimBatch": Types.claimBatch,
            "DepositWitness": Types.depositWitness, "PermitWitnessTransferFrom": Types.permitWitnessTransferFrom,
            "ReceiveWithAuthorization": Types.receiveWithAuthorization,
            "TransferWithAuthorization": Types.transferWithAuthorization,
        ]
        let vectors = try VectorFile.json("batch_settlement_crypto").at("typeHashes")
        for (name, type) in types {
            #expect(type.encodedType == (try vectors.text("\(name).type")))
            #expect(type.bytes == (try vectors.hash("\(name).hash")))
        }
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
