// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Stacks transactions from hostile bytes")
struct TransactionCodecTests {
    static func signed() throws -> [(name: String, bytes: [UInt8])] {
        var all = try TransactionVectors.cases("transactions").map {
            (name: try TransactionVectors.text($0, "id"), bytes: try TransactionVectors.bytes($0, "signed"))
        }
        var sponsored = try TransactionTests.sponsored()
        try sponsored.signAsOrigin(with: TransactionTests.key(1))
        all.append(("sponsored", sponsored.encoded))
        return all
    }

    @Test("Bytes that end anywhere, or go on, are refused")
    func truncated() throws {
        for (name, bytes) in try Self.signed() {
            for length in 0..<bytes.count {
                #expect(throws: TransactionCodecFault.self, "\(name) \(length)") {
                    try StacksTransaction(decoding: bytes.prefix(length))
                }
            }
            #expect(throws: TransactionCodecFault.trailingBytes(2)) { try StacksTransaction(decoding: bytes + [0, 0]) }
        }
    }

    @Test("A changed byte is refused, or breaks the signature of the origin")
    func mutated() throws {
        for (name, bytes) in try Self.signed() {
            // What the sponsor will write is no part of what the origin signs.
            let sponsor = name == "sponsored" ? 109..<212 : 0..<0
            for index in bytes.indices where !sponsor.contains(index) {
                for flip: UInt8 in [1, 0x80] {
                    var changed = bytes
                    changed[index] ^= flip
                    guard let read = try? StacksTransaction(decoding: changed) else { continue }
                    #expect(throws: StacksTransaction.SigningFault.self, "\(name) \(index)") {
                        try read.verifyOriginSignature()
                    }
                }
            }
        }
    }

    @Test("Every field that has only a few forms is refused by its name in any other")
    func fields() throws {
        let transfer = try #require(try Self.signed().first { $0.name == "sjs-transfer" }).bytes
        let call = try #require(try Self.signed().first { $0.name == "ft-post-condition" }).bytes
        let deploy = try #require(try Self.signed().first { $0.name == "deploy-4" }).bytes
        func fault(_ bytes: [UInt8], _ index: Int, _ byte: UInt8) -> TransactionCodecFault? {
            var bytes = bytes
            bytes[index] = byte
            do throws(TransactionCodecFault) {
                _ = try StacksTransaction(decoding: bytes)
                return nil
            } catch { return error }
        }
        #expect(fault(transfer, 0, 0x40) == .version(0x40))
        #expect(fault(transfer, 5, 0x06) == .authorization(0x06))
        #expect(fault(transfer, 6, 0x01) == .hashMode(0x01))
        #expect(fault(transfer, 43, 0x02) == .keyEncoding(0x02))
        #expect(fault(transfer, 109, 0x00) == .anchorMode(0x00))
        #expect(fault(transfer, 110, 0x04) == .postConditionMode(0x04))
        #expect(fault(transfer, 111, 0xFF) == .count(0xFF00_0000))
        #expect(fault(transfer, 115, 0x04) == .payload(0x04))
        #expect(fault(transfer, 116, 0x07) == .recipient(0x07))
        #expect(fault(transfer, 117, 0x20) == .principalVersion(0x20))
        #expect(fault(call, 115, 0x03) == .postConditionKind(0x03))
        #expect(fault(call, 116, 0x04) == .postConditionOwner(0x04))
        #expect(fault(call, 117, 0x20) == .principalVersion(0x20))
        #expect(fault(call, 139, UInt8(ascii: "!")) == .name)
        #expect(fault(call, 148, 0x06) == .postConditionCode(0x06))
        #expect(fault(deploy, 116, 0x07) == .clarityVersion(0x07))
        #expect(fault(deploy, 116, 0x00) == .clarityVersion(0x00))
        #expect(fault(deploy, 118, UInt8(ascii: "1")) == .name)
        #expect(fault(deploy, 130, 0xC3) == .source)
        #expect(fault(deploy, 130, 0x0D) == .source)
    }

    @Test("Values in arguments and conditions may be of any length that contracts take, and no longer")
    func lengths() throws {
        let contract = try #require(ContractIdentifier("ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM.c"))
        let name = try #require(ClarityName("f"))
        let account = try TransactionTests.key(1).account(mainnet: false)
        for length in [0, 200, 250, 251, 252, 2043, 2044, 100_000, ClarityValue.maximumSize - 5] {
            let value = ClarityValue.buffer([UInt8](repeating: 7, count: length))
            let transaction = StacksTransaction(
                version: .testnet, authorization: .standard(.init(signer: account, nonce: 0, fee: 1)),
                postConditions: [
                    .init(.origin, .nonFungible(.init(contract, name), value: .uint(1), .maybeSent)),
                    .init(.principal(.contract(contract)), .stx(.less, .max)),
                ], payload: .contractCall(.init(contract, name, [value, .list([value]), .none])))
            let bytes = transaction.encoded
            if length < 1_000_000 {
                #expect(try StacksTransaction(decoding: bytes) == transaction)
            } else {
                #expect(throws: TransactionCodecFault.tooLong(bytes.count)) { try StacksTransaction(decoding: bytes) }
            }
        }
        let long = ClarityValue.buffer([UInt8](repeating: 7, count: ClarityValue.maximumSize))
        let transaction = StacksTransaction(
            version: .testnet, authorization: .standard(.init(signer: account, nonce: 0, fee: 1)),
            payload: .contractCall(.init(contract, name, [long])))
        #expect(throws: TransactionCodecFault.value(.truncated)) {
            try StacksTransaction(decoding: transaction.encoded)
        }
    }

    @Test("A transaction of half a million arguments is read in a moment")
    func manyArguments() throws {
        let contract = try #require(ContractIdentifier("ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM.c"))
        let account = try TransactionTests.key(1).account(mainnet: false)
        let values = [ClarityValue](repeating: .none, count: 500_000)
        let transaction = StacksTransaction(
            version: .testnet, authorization: .standard(.init(signer: account, nonce: 0, fee: 1)),
            payload: .contractCall(.init(contract, try #require(ClarityName("f")), values)))
        let bytes = transaction.encoded
        let clock = ContinuousClock()
        var read: StacksTransaction?
        let time = try clock.measure { read = try StacksTransaction(decoding: bytes) }
        #expect(read == transaction)
        #expect(time < .seconds(20), "\(time)")
    }

    @Test("A payload alone is read as a fee estimation takes it")
    func payloads() throws {
        for (_, bytes) in try Self.signed() {
            let transaction = try StacksTransaction(decoding: bytes)
            let payload = transaction.encodedPayload
            #expect(bytes.suffix(payload.count).elementsEqual(payload))
            #expect(try StacksTransaction.Payload(decoding: payload) == transaction.payload)
            #expect(throws: TransactionCodecFault.trailingBytes(1)) {
                try StacksTransaction.Payload(decoding: payload + [0])
            }
        }
    }

    @Test("What no node takes cannot be made")
    func refusals() throws {
        let name = try #require(ClarityName("c"))
        #expect(StacksTransaction.Memo([UInt8](repeating: 1, count: 35)) == nil)
        #expect(StacksTransaction.Deployment(name: name, source: "é") == nil)
        #expect(StacksTransaction.Deployment(name: name, source: "\r") == nil)
        #expect(StacksTransaction.Deployment(name: name, source: "1", clarityVersion: 7) == nil)
        let question = try #require(ClarityName("c?"))
        #expect(StacksTransaction.Deployment(name: question, source: "1") == nil)
        #expect(StacksTransaction.SignatureBytes([UInt8](repeating: 1, count: 64)) == nil)
    }
}
