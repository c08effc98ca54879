// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Signed structured data")
struct StructuredDataTests {
    static func field(_ name: String, of domain: ClarityValue) throws -> ClarityValue {
        guard case .tuple(let tuple) = domain else { throw TransactionVectors.Missing(name: name) }
        return try #require(tuple[name])
    }

    @Test("Every message of the reference has its hashes and its signature in both orders")
    func vectors() throws {
        let cases = try TransactionVectors.cases("sip018")
        #expect(cases.count == 16)
        for json in cases {
            let value = try TransactionVectors.value(TransactionVectors.text(json, "domain"))
            guard case .ascii(let name) = try Self.field("name", of: value),
                case .ascii(let version) = try Self.field("version", of: value),
                case .uint(let chainID) = try Self.field("chain-id", of: value)
            else {
                Issue.record("a domain without a field")
                continue
            }
            let made = StructuredData.Domain(
                name: String(decoding: name, as: UTF8.self), version: String(decoding: version, as: UTF8.self),
                chainID: chainID)
            let domain = try #require(made)
            let data = StructuredData(
                domain: domain, message: try TransactionVectors.value(TransactionVectors.text(json, "message")))
            #expect(domain.value == value)
            #expect(domain.value.encoded == (try TransactionVectors.bytes(json, "domainBytes")))
            #expect(data.message.encoded == (try TransactionVectors.bytes(json, "messageBytes")))
            #expect(domain.hash.bytes == (try TransactionVectors.bytes(json, "domainHash")))
            #expect(data.messageHash.bytes == (try TransactionVectors.bytes(json, "structuredDataHash")))
            #expect(data.digest.bytes == (try TransactionVectors.bytes(json, "messageHash")))
            let key = try TransactionVectors.key(json)
            let signature = data.sign(with: key)
            #expect(signature.rsv == (try TransactionVectors.bytes(json, "signatureRSV")))
            #expect(signature.vrs.bytes == (try TransactionVectors.bytes(json, "signatureVRS")))
            #expect(data.signer(of: try Signature(rsv: signature.rsv), mainnet: true) == key.account(mainnet: true))
        }
    }

    @Test("Another chain, version, name or message has another digest")
    func differences() throws {
        let domain = try #require(StructuredData.Domain(name: "a", version: "1", chainID: 1))
        let data = StructuredData(domain: domain, message: .uint(1))
        let key = try TransactionTests.key(1)
        let signature = data.sign(with: key)
        let others = [
            StructuredData(domain: try #require(.init(name: "b", version: "1", chainID: 1)), message: .uint(1)),
            StructuredData(domain: try #require(.init(name: "a", version: "2", chainID: 1)), message: .uint(1)),
            StructuredData(domain: try #require(.init(name: "a", version: "1", chainID: 2)), message: .uint(1)),
            StructuredData(domain: domain, message: .int(1)),
        ]
        for other in others {
            #expect(other.digest != data.digest)
            #expect(other.signer(of: signature, mainnet: false) != key.account(mainnet: false))
        }
        #expect(StructuredData.Domain(name: "é", version: "1", chainID: 1) == nil)
    }

    @Test("Signatures in another order, of another length or mirrored are refused")
    func refusals() throws {
        let domain = try #require(StructuredData.Domain(name: "a", version: "1", chainID: 1))
        let rsv = StructuredData(domain: domain, message: .none).sign(with: try TransactionTests.key(3)).rsv
        #expect(throws: Signature.Fault.length(64)) { try Signature(rsv: rsv.dropLast()) }
        for byte: UInt8 in [2, 3, 27, 28] {
            #expect(throws: Signature.Fault.recoveryByte(byte)) { try Signature(rsv: rsv.dropLast() + [byte]) }
        }
        let mirrored = Array(rsv.prefix(32)) + (try TransactionTests.mirrored(Array(rsv[32..<64]))) + [rsv[64] ^ 1]
        #expect(throws: Signature.Fault.highS) { try Signature(rsv: mirrored) }
        #expect(throws: Signature.Fault.outOfRange) { try Signature(rsv: [UInt8](repeating: 0, count: 65)) }
    }
}
