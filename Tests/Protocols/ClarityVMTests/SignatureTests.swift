// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Crypto
import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Signatures inside contracts")
struct SignatureTests {
    let chain: TestChain
    let contract: ContractIdentifier
    let digest = Keccak256.hash([1, 2, 3])
    let secret = [UInt8](repeating: 0x11, count: 32)
    let point: [UInt8]

    init() throws {
        chain = try TestChain()
        contract = try chain.deploy("(define-read-only (f) u0)")
        guard let key = PrivateKey(secret) else { throw VectorFailure() }
        point = key.publicKey.compressed
    }

    /// r ‖ s ‖ recovery id, as contracts take it.
    func signature() throws -> [UInt8] {
        guard let key = PrivateKey(secret) else { throw VectorFailure() }
        let made = key.sign(digest)
        return made.r.bytes + made.s.bytes + [made.isOdd ? 1 : 0]
    }

    /// The same signature seen in the mirror: n − s, and the other recovery id.
    func mirrored() throws -> [UInt8] {
        let made = try signature()
        let order = try #require(
            Hex.decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"))
        var borrow = 0
        var high = [UInt8](repeating: 0, count: 32)
        for place in (0..<32).reversed() {
            let difference = Int(order[place]) - Int(made[32 + place]) - borrow
            borrow = difference < 0 ? 1 : 0
            high[place] = UInt8(difference & 255)
        }
        return Array(made[..<32]) + high + [made[64] ^ 1]
    }

    func recover(_ signature: [UInt8]) throws -> String {
        try chain.look("(secp256k1-recover? \(digest.hex) \(Hex.encode(signature)))", in: contract)
    }

    func verify(_ signature: [UInt8]) throws -> String {
        try chain.look(
            "(secp256k1-verify \(digest.hex) \(Hex.encode(signature)) \(Hex.encode(point)))", in: contract)
    }

    @Test("A signature and its mirror image recover the key; only the lower one verifies")
    func mirror() throws {
        let expected = "(ok \(Hex.encode(point)))"
        #expect(try recover(signature()) == expected)
        #expect(try recover(mirrored()) == expected)
        #expect(try verify(signature()) == "true")
        #expect(try verify(Array(signature().prefix(64))) == "true")
        #expect(try verify(mirrored()) == "false")
    }

    @Test("A recovery id above 3 and a length below 65 are (err u2), nonsense is (err u1)")
    func refusals() throws {
        for id: UInt8 in [4, 27, 28, 255] { #expect(try recover(Array(signature().prefix(64)) + [id]) == "(err u2)") }
        #expect(try recover(Array(signature().prefix(64))) == "(err u2)")
        #expect(try recover([UInt8](repeating: 0, count: 65)) == "(err u1)")
        #expect(try recover([UInt8](repeating: 255, count: 64) + [0]) == "(err u1)")
        #expect(try verify(Array(signature().prefix(64)) + [4]) == "false")
        #expect(try verify([]) == "false")
    }

    @Test("A digest that is not of 32 bytes stops the contract")
    func shortDigest() throws {
        #expect(throws: SimnetFault.self) { try chain.look("(secp256k1-recover? 0x01 0x02)", in: contract) }
    }

    @Test("A compressed key has its account on the network that runs, another key none")
    func principals() throws {
        #expect(
            try chain.look("(principal-of? \(Hex.encode(point)))", in: contract)
                == "(ok \(StandardPrincipal(publicKey: point, version: .testnetSingle)))")
        let nonsense = [UInt8](repeating: 5, count: 33)
        #expect(try chain.look("(principal-of? \(Hex.encode(nonsense)))", in: contract) == "(err u1)")
    }

    @Test("Clarity 4 hashes the digest of a secp256r1 signature once more")
    func passkeys() throws {
        let chain = try TestChain()
        let contract = try chain.deploy("r", "(define-read-only (f) u0)", .clarity4)
        let key = P256.Signing.PrivateKey()
        let message = Array("message".utf8)
        let digest = SHA256.hash(data: message)
        let over = try key.signature(for: digest)
        let overTwice = try key.signature(for: SHA256.hash(data: Array(digest)))
        func verify(_ signature: P256.Signing.ECDSASignature) throws -> String {
            try chain.look(
                "(secp256r1-verify \(Hex.encode(Array(digest))) \(Hex.encode(Array(signature.rawRepresentation))) "
                    + "\(Hex.encode(Array(key.publicKey.compressedRepresentation))))", in: contract)
        }
        #expect(try verify(over) == "false")
        #expect(try verify(overTwice) == "true")
    }
}

/// A fixed key of the tests is none.
struct VectorFailure: Error {}
