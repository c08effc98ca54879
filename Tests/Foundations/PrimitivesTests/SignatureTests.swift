// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("A signature")
struct SignatureTests {
    private static let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
    private static let half = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
    private static let pastHalf = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1"
    private static let belowOrder = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
    private static let zero = String(repeating: "0", count: 64)
    private static let one = String(repeating: "0", count: 63) + "1"

    @Test func `is made, checked and recovered as in the vouchers of x402`() throws {
        let vectors = try SigningVectors.load()
        #expect(!vectors.vouchers.isEmpty)
        for voucher in vectors.vouchers {
            let digest = try #require(Hash32(hex: voucher.digest))
            let entry = try #require(vectors.keys.values.first { $0.address == voucher.signer })
            let key = try PrivateKey.made(of: try #require(Hex.decode(entry.privateKey)))
            let signature = try Signature(try #require(Hex.decode(voucher.signature)))
            #expect(key.sign(digest).hex == voucher.signature)
            #expect(PublicKey(recovering: signature, over: digest)?.address.checksummed == voucher.signer)
            #expect(key.publicKey.verifies(signature, over: digest))
        }
    }

    @Test(arguments: [
        (one, one, false), (belowOrder, half, true), (one, half, false), (belowOrder, one, true),
    ])
    func `is read up to the ends of its range and written back`(r: String, s: String, isOdd: Bool) throws {
        let bytes = try #require(Hex.decode(r + s + (isOdd ? "1c" : "1b")))
        let signature = try Signature(bytes)
        #expect(signature.isOdd == isOdd)
        #expect(signature.r.hex == "0x" + r)
        #expect(signature.s.hex == "0x" + s)
        #expect(signature.bytes == bytes)
        #expect(signature.hex == Hex.encode(bytes))
    }

    @Test(
        arguments: [
            (one + one, .length(64)), (one + one + "1b1b", .length(66)), ("", .length(0)),
            (one + one + "00", .recoveryByte(0)), (one + one + "01", .recoveryByte(1)),
            (one + one + "1a", .recoveryByte(26)), (one + one + "1d", .recoveryByte(29)),
            (zero + one + "1b", .outOfRange), (one + zero + "1b", .outOfRange),
            (order + one + "1b", .outOfRange), (one + order + "1b", .outOfRange),
            (String(repeating: "f", count: 64) + one + "1b", .outOfRange),
            (one + pastHalf + "1c", .highS), (one + belowOrder + "1c", .highS),
        ] as [(String, Signature.Fault)])
    func `is refused when a contract would refuse it`(text: String, fault: Signature.Fault) throws {
        let bytes = try #require(Hex.decode(text))
        #expect(throws: fault) { try Signature(bytes) }
    }

    @Test func `is one only of its own digest and its own key`() throws {
        let key = try PrivateKey.made(of: 0x11)
        let other = try PrivateKey.made(of: 0x22)
        let digest = Keccak256.hash(utf8: "a voucher")
        let signature = key.sign(digest)
        #expect(key.publicKey.verifies(signature, over: digest))
        #expect(!other.publicKey.verifies(signature, over: digest))
        #expect(!key.publicKey.verifies(signature, over: Keccak256.hash(utf8: "another voucher")))
        #expect(!key.publicKey.verifies(try Signature(r: signature.s, s: signature.s, isOdd: false), over: digest))
        #expect(signature.recovering(other.publicKey, over: digest) == nil)
        #expect(PublicKey(recovering: signature, over: Keccak256.hash(utf8: "another voucher")) != key.publicKey)
    }

    @Test func `recovers to its key again once its flipped v is mended`() throws {
        let key = try PrivateKey.made(of: 0x11)
        for text in ["one", "two", "three", "four"] {
            let digest = Keccak256.hash(utf8: text)
            let signature = key.sign(digest)
            let flipped = try Signature(r: signature.r, s: signature.s, isOdd: !signature.isOdd)
            #expect(PublicKey(recovering: flipped, over: digest) != key.publicKey)
            #expect(key.publicKey.verifies(flipped, over: digest))
            #expect(flipped.recovering(key.publicKey, over: digest) == signature)
            #expect(signature.recovering(key.publicKey, over: digest) == signature)
        }
    }

    @Test func `recovers to nobody when no point has its r`() throws {
        // 5 is the x of no point on secp256k1.
        let r = try #require(Hash32([UInt8](repeating: 0, count: 31) + [5]))
        let s = try #require(Hash32([UInt8](repeating: 0, count: 31) + [1]))
        let signature = try Signature(r: r, s: s, isOdd: false)
        #expect(PublicKey(recovering: signature, over: Keccak256.hash(utf8: "")) == nil)
    }

    @Test func `holds for any key and digest`() throws {
        let seed: UInt64 = 0x516
        var generator = SeededGenerator(seed: seed)
        for step in 0..<100 {
            let secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let key = try PrivateKey.made(of: secret)
            let digest = Keccak256.hash((0..<40).map { _ in UInt8.random(in: 0...255, using: &generator) })
            let signature = key.sign(digest)
            #expect(try Signature(signature.bytes) == signature, "seed \(seed), step \(step)")
            #expect(key.publicKey.verifies(signature, over: digest), "seed \(seed), step \(step)")
            let recovered = PublicKey(recovering: signature, over: digest)
            #expect(recovered == key.publicKey, "seed \(seed), step \(step)")
            #expect(recovered?.address == key.address, "seed \(seed), step \(step)")

            var altered = signature.bytes
            altered[Int.random(in: 0..<64, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            if let forged = try? Signature(altered) {
                #expect(!key.publicKey.verifies(forged, over: digest), "seed \(seed), step \(step)")
            }
        }
    }
}
