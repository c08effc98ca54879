// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@Suite("The contract's digests, against vectors that others published")
struct SettlementDomainVectorTests {
    private let vectors: SettlementVectors

    init() throws {
        vectors = try SettlementVectors(file: "batch_settlement_crypto.json")
    }

    @Test func `names every channel as the contract does`() throws {
        let channels = try vectors.list("channels")
        #expect(channels.count == 5)
        for vector in channels {
            let domain = try vectors.domain(chain: try #require(vector["chainId"]?.integerValue))
            let terms = try vectors.terms(vector["channelConfig"])
            #expect(domain.channelID(of: terms).description == vector["channelId"]?.stringValue)
        }
    }

    @Test func `signs every voucher to the byte`() throws {
        let vouchers = try vectors.list("vouchers")
        #expect(vouchers.count == 27)
        for vector in vouchers {
            let domain = try vectors.domain(chain: try #require(vector["chainId"]?.integerValue))
            let digest = domain.voucherDigest(
                channel: try vectors.channel(vector), ceiling: try vectors.amount(vector["maxClaimableAmount"]))
            try vectors.check(digest, vector, signature: "signature")
        }
    }

    @Test func `pins the signer of a voucher by the channel's terms`() throws {
        for channel in try vectors.list("channels") {
            let terms = try vectors.terms(channel["channelConfig"])
            let vouchers = try vectors.list("vouchers").filter { $0["channel"] == channel["name"] }
            #expect(!vouchers.isEmpty)
            #expect(vouchers.allSatisfy { $0["signer"]?.stringValue == terms.voucherSigner.checksummed })
        }
    }

    @Test func `signs every refund to the byte`() throws {
        let refunds = try vectors.list("refunds")
        #expect(refunds.count == 3)
        let domain = try vectors.domain(chain: 84_532)
        for vector in refunds {
            let digest = domain.refundDigest(
                channel: try vectors.channel(vector), nonce: try vectors.number(vector["nonce"]),
                amount: try vectors.amount(vector["amount"]))
            try vectors.check(digest, vector, signature: "signature")
        }
    }

    @Test func `signs every batch of claims, and the vouchers in it, to the byte`() throws {
        let batches = try vectors.list("claimBatches")
        #expect(batches.map { $0["claims"]?.arrayValue?.count } == [1, 2, 10])
        let domain = try vectors.domain(chain: 84_532)
        for vector in batches {
            let rows = try #require(vector["claims"]?.arrayValue).map { claim in
                let terms = try vectors.terms(claim["voucher"]?["channel"])
                let row = (
                    channel: domain.channelID(of: terms),
                    ceiling: try vectors.amount(claim["voucher"]?["maxClaimableAmount"]),
                    total: try vectors.amount(claim["totalClaimed"])
                )
                let signature = try vectors.signature(claim["signature"])
                let digest = domain.voucherDigest(channel: row.channel, ceiling: row.ceiling)
                #expect(PublicKey(recovering: signature, over: digest)?.address == terms.voucherSigner)
                return row
            }
            try vectors.check(domain.claimBatchDigest(rows), vector, signature: "claimAuthorizerSignature")
        }
    }

    @Test func `signs a deposit to the byte, with a nonce that ties it to one channel`() throws {
        let vector = try #require(vectors.root["erc3009Deposit"])
        let domain = try vectors.domain(chain: 84_532)
        #expect(domain.depositCollector.checksummed == vector["to"]?.stringValue)
        let nonce = SettlementDomain.depositNonce(
            channel: try vectors.channel(vector), salt: try vectors.hash(vector["salt"]))
        #expect(nonce.hex == vector["nonce"]?.stringValue)
        let token = TokenDomain(
            address: try vectors.address(vector["tokenDomain"]?["verifyingContract"]),
            name: try #require(vector["tokenDomain"]?["name"]?.stringValue),
            version: try #require(vector["tokenDomain"]?["version"]?.stringValue))
        let digest = domain.depositDigest(
            token: token, payer: try vectors.address(vector["signer"]), amount: try vectors.amount(vector["value"]),
            validAfter: try vectors.number(vector["validAfter"]),
            validBefore: try vectors.number(vector["validBefore"]),
            nonce: nonce)
        try vectors.check(digest, vector, signature: "signature")
    }

    @Test func `hashes the struct types as the contract does`() throws {
        typealias Hashes = SettlementDomain.TypeHashes
        let types = try #require(vectors.root["typeHashes"])
        for (name, hash) in [
            ("ChannelConfig", Hashes.channelConfig), ("Voucher", Hashes.voucher), ("Refund", Hashes.refund),
            ("ClaimEntry", Hashes.claimEntry), ("ClaimBatch", Hashes.claimBatch),
            ("ReceiveWithAuthorization", Hashes.receiveWithAuthorization),
        ] {
            #expect(hash.encodedType == types[name]?["type"]?.stringValue)
            #expect(hash.bytes.hex == types[name]?["hash"]?.stringValue)
        }
    }

    @Test func `stands at the published addresses, on chains that have a number`() throws {
        let contracts = try #require(vectors.root["contracts"])
        #expect(SettlementDomain.standardContract.checksummed == contracts["settlement"]?.stringValue)
        #expect(SettlementDomain.standardDepositCollector.checksummed == contracts["erc3009Collector"]?.stringValue)
        #expect(SettlementDomain(network: try #require(Network("stacks:1"))) == nil)
    }

    @Test func `agrees with digests made by viem`() throws {
        let viem = try SettlementVectors(file: "batch_settlement_viem_crosscheck.json")
        let domain = try viem.domain(chain: try #require(viem.root["chainId"]?.integerValue))
        let channel = domain.channelID(of: try viem.terms(viem.root["channelConfig"]))
        let made = [
            "L2.1 ChannelConfig/channelId": channel.hash,
            "L2.2 Voucher 1000": domain.voucherDigest(channel: channel, ceiling: Amount(units: 1000)),
            "L2.3 ClaimBatch [1000,500]": domain.claimBatchDigest([
                (channel: channel, ceiling: Amount(units: 1000), total: Amount(units: 500))
            ]),
            "L2.4 Refund nonce 0 amount 500": domain.refundDigest(
                channel: channel, nonce: 0, amount: Amount(units: 500)),
        ]
        for (name, digest) in made {
            #expect(digest.hex == viem.root["digests"]?[name]?.stringValue, "\(name)")
        }
    }
}

/// A file of vectors, and how its members are read.
private struct SettlementVectors {
    let root: JSON

    init(file: String) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Vectors/x402/\(file)").standardizedFileURL
        root = try JSON.parse(Array(Data(contentsOf: path)))
    }

    func list(_ name: String) throws -> [JSON] { try #require(root[name]?.arrayValue) }

    func domain(chain: Int64) throws -> SettlementDomain {
        try #require(SettlementDomain(network: Network(evm: UInt64(chain))))
    }

    func terms(_ json: JSON?) throws -> ChannelTerms {
        ChannelTerms(
            payer: try address(json?["payer"]), payerAuthorizer: try address(json?["payerAuthorizer"]),
            receiver: try address(json?["receiver"]), receiverAuthorizer: try address(json?["receiverAuthorizer"]),
            token: try address(json?["token"]),
            withdrawDelay: UInt64(try #require(json?["withdrawDelay"]?.integerValue)),
            salt: try hash(json?["salt"]))
    }

    func address(_ json: JSON?) throws -> Address { try #require(Address(hex: text(json))) }
    func hash(_ json: JSON?) throws -> Hash32 { try #require(Hash32(hex: text(json))) }
    func amount(_ json: JSON?) throws -> Amount { try #require(Amount(wire: text(json))) }
    func number(_ json: JSON?) throws -> UInt64 { try #require(UInt64(text(json))) }
    func channel(_ vector: JSON) throws -> ChannelID { ChannelID(try hash(vector["channelId"])) }
    func signature(_ json: JSON?) throws -> Signature { try Signature(#require(Hex.decode(text(json)))) }

    private func text(_ json: JSON?) throws -> String { try #require(json?.stringValue) }

    /// Expects the vector's digest, and that the named signer's key makes the vector's signature over it.
    func check(_ digest: Hash32, _ vector: JSON, signature name: String) throws {
        #expect(digest.hex == vector["digest"]?.stringValue)
        let signature = try signature(vector[name])
        let signer = try address(vector["signer"])
        #expect(PublicKey(recovering: signature, over: digest)?.address == signer)
        let key = try #require(root["keys"]?.members?.first { $0.value["address"] == vector["signer"] })
        let secret = try #require(key.value["privateKey"]?.stringValue.flatMap { Hex.decode($0) })
        guard let key = PrivateKey(secret) else {
            Issue.record("\(signer) has no key")
            return
        }
        #expect(key.sign(digest) == signature)
    }
}
