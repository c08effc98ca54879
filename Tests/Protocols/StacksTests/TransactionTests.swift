// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Stacks transactions")
struct TransactionTests {
    @Test("Every transaction of the reference has its bytes, its hashes, its signature and its id")
    func vectors() throws {
        let cases = try TransactionVectors.cases("transactions")
        #expect(cases.count == 16)
        for json in cases {
            let input = try #require(json["input"])
            let name = Comment(rawValue: try TransactionVectors.text(json, "id"))
            let key = try TransactionVectors.key(input)
            var transaction = try TransactionVectors.transaction(input)
            #expect(transaction.encoded == (try TransactionVectors.bytes(json, "unsigned")), name)
            #expect(transaction.origin.address == (try TransactionVectors.text(json, "origin")), name)
            #expect(transaction.initialHash.bytes == (try TransactionVectors.bytes(json, "initial_sighash")), name)
            #expect(transaction.originHash.bytes == (try TransactionVectors.bytes(json, "presign_sighash")), name)
            try transaction.signAsOrigin(with: key)
            let condition = transaction.authorization.origin
            #expect(condition.signature.bytes == (try TransactionVectors.bytes(json, "signature_vrs")), name)
            let after = StacksTransaction.postsign(transaction.originHash, condition)
            #expect(after.bytes == (try TransactionVectors.bytes(json, "postsign_sighash")), name)
            let signed = try TransactionVectors.bytes(json, "signed")
            #expect(transaction.encoded == signed, name)
            #expect(transaction.id.bytes == (try TransactionVectors.bytes(json, "txid")), name)
            #expect(try StacksTransaction(decoding: signed) == transaction, name)
            try transaction.verifySignatures()
        }
    }

    @Test("Every key of the reference has its addresses")
    func addresses() throws {
        let cases = try TransactionVectors.cases("addresses")
        #expect(cases.count == 7)
        for json in cases {
            let key = try TransactionVectors.key(json)
            #expect(key.publicKey == (try TransactionVectors.bytes(json, "pubkey")))
            #expect(key.account(mainnet: true).address == (try TransactionVectors.text(json, "mainnet")))
            #expect(key.account(mainnet: false).address == (try TransactionVectors.text(json, "testnet")))
        }
    }

    @Test("Bytes that are no secret key are refused")
    func badKeys() {
        let scalar = [UInt8](repeating: 1, count: 32)
        #expect(Self.isKey(scalar + [1]))
        #expect(Self.isKey(scalar))
        for bytes in [[], scalar.dropLast(), scalar + [0], scalar + [2], scalar + [1, 1]] as [[UInt8]] {
            #expect(!Self.isKey(bytes))
        }
        #expect(!Self.isKey([UInt8](repeating: 0, count: 32)))
        #expect(!Self.isKey([UInt8](repeating: 255, count: 32) + [1]))
    }

    static func isKey(_ bytes: [UInt8]) -> Bool {
        if StacksPrivateKey(bytes) != nil { true } else { false }
    }

    // MARK: - Sponsors

    static func key(_ byte: UInt8, compressed: Bool = true) throws -> StacksPrivateKey {
        guard let key = StacksPrivateKey([UInt8](repeating: byte, count: 32) + (compressed ? [1] : [])) else {
            throw TransactionVectors.Missing(name: "key")
        }
        return key
    }

    static func transfer(
        _ authorization: StacksTransaction.Authorization, conditions: [StacksTransaction.PostCondition] = []
    ) throws -> StacksTransaction {
        StacksTransaction(
            version: .testnet, authorization: authorization, postConditions: conditions,
            payload: .transfer(
                recipient: .standard(try key(9).account(mainnet: false)), microSTX: 7,
                memo: try #require(StacksTransaction.Memo("for the bread"))))
    }

    static func sponsored(witness: Bool = false) throws -> StacksTransaction {
        let origin = StacksTransaction.SpendingCondition(
            signer: try key(1).account(mainnet: false), nonce: 3, fee: 0)
        return try transfer(.sponsored(origin: origin, sponsor: .unknownSponsor(of: .testnet)))
    }

    @Test("A sponsor signs what the origin signed, without the origin knowing who it will be")
    func sponsor() throws {
        var transaction = try Self.sponsored()
        try transaction.signAsOrigin(with: Self.key(1))
        try transaction.verifyOriginSignature()
        #expect(throws: StacksTransaction.SigningFault.malformed(.outOfRange)) { try transaction.verifySignatures() }
        let sponsor = StacksTransaction.SpendingCondition(
            signer: try Self.key(2, compressed: false).account(mainnet: false), nonce: 8, fee: 400,
            keyEncoding: .uncompressed)
        transaction.authorization = .sponsored(origin: transaction.authorization.origin, sponsor: sponsor)
        try transaction.verifyOriginSignature()
        try transaction.signAsSponsor(with: Self.key(2, compressed: false))
        try transaction.verifySignatures()
        #expect(transaction.fee == 400)
        #expect(transaction.sponsor == sponsor.signer)
        let read = try StacksTransaction(decoding: transaction.encoded)
        #expect(read == transaction)
        try read.verifySignatures()
        // The sponsor's fee and nonce are signed by the sponsor.
        guard case .sponsored(let origin, var changed) = read.authorization else {
            Issue.record("not sponsored")
            return
        }
        changed.fee = 401
        var forged = read
        forged.authorization = .sponsored(origin: origin, sponsor: changed)
        try forged.verifyOriginSignature()
        #expect(throws: StacksTransaction.SigningFault.self) { try forged.verifySignatures() }
    }

    @Test("A key that is not the account's signs nothing")
    func wrongKey() throws {
        let account = try Self.key(1).account(mainnet: false)
        let other = try Self.key(2).account(mainnet: false)
        var transaction = try Self.transfer(.standard(.init(signer: account, nonce: 0, fee: 180)))
        let before = transaction
        #expect(throws: StacksTransaction.SigningFault.wrongKey(expected: account, actual: other)) {
            try transaction.signAsOrigin(with: Self.key(2))
        }
        #expect(throws: StacksTransaction.SigningFault.self) {
            try transaction.signAsOrigin(with: Self.key(1, compressed: false))
        }
        #expect(throws: StacksTransaction.SigningFault.notSponsored) {
            try transaction.signAsSponsor(with: Self.key(1))
        }
        #expect(transaction == before)
        transaction.authorization = .standard(.init(signer: other, nonce: 0, fee: 180))
        try transaction.signAsOrigin(with: Self.key(2))
        var condition = transaction.authorization.origin
        condition.signer = account
        transaction.authorization = .standard(condition)
        #expect(throws: StacksTransaction.SigningFault.self) { try transaction.verifySignatures() }
    }

    @Test("A script account of one key signs too, and takes no uncompressed key")
    func witness() throws {
        let key = try Self.key(1)
        let hash = Hash160.hash([0, 20] + Hash160.hash(key.publicKey))
        let account = try #require(StandardPrincipal(version: AddressVersion.testnetScript.rawValue, hash: hash))
        var transaction = try Self.transfer(
            .standard(.init(signer: account, nonce: 0, fee: 180, hashMode: .witness)))
        try transaction.signAsOrigin(with: key)
        let read = try StacksTransaction(decoding: transaction.encoded)
        try read.verifySignatures()
        #expect(read.origin.address.hasPrefix("SN"))
        var bytes = transaction.encoded
        bytes[43] = 1
        #expect(throws: TransactionCodecFault.uncompressedWitness) { try StacksTransaction(decoding: bytes) }
    }

    @Test("The mirror image of a signature does not verify")
    func highS() throws {
        let key = try Self.key(1)
        var transaction = try Self.transfer(
            .standard(.init(signer: key.account(mainnet: false), nonce: 0, fee: 180)))
        try transaction.signAsOrigin(with: key)
        var condition = transaction.authorization.origin
        var bytes = condition.signature.bytes
        bytes.replaceSubrange(33..., with: try Self.mirrored(Array(bytes[33...])))
        bytes[0] ^= 1
        condition.signature = try #require(.init(bytes))
        transaction.authorization = .standard(condition)
        #expect(throws: StacksTransaction.SigningFault.malformed(.highS)) { try transaction.verifySignatures() }
        bytes[0] = 4
        condition.signature = try #require(.init(bytes))
        transaction.authorization = .standard(condition)
        #expect(throws: StacksTransaction.SigningFault.malformed(.recoveryByte(4))) {
            try transaction.verifySignatures()
        }
    }

    /// The order of the curve less `s`.
    static func mirrored(_ s: [UInt8]) throws -> [UInt8] {
        let order = try #require(Hex.decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"))
        var borrow = 0
        var result = [UInt8](repeating: 0, count: 32)
        for index in (0..<32).reversed() {
            let difference = Int(order[index]) - Int(s[index]) - borrow
            borrow = difference < 0 ? 1 : 0
            result[index] = UInt8(truncatingIfNeeded: difference)
        }
        return result
    }
}
