// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("A private key")
struct PrivateKeyTests {
    @Test func `has the public key and the address of the vectors`() throws {
        let vectors = try SigningVectors.load()
        #expect(!vectors.keys.isEmpty)
        for (name, entry) in vectors.keys {
            let secret = try #require(Hex.decode(entry.privateKey))
            let key = try PrivateKey.made(of: secret)
            #expect(key.address.checksummed == entry.address, "\(name)")
            #expect(Hex.encode(key.publicKey.uncompressed) == entry.publicKeyUncompressed, "\(name)")
            #expect(key.withBytes { Array($0) } == secret, "\(name)")
        }
    }

    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "", "01", "00000000000000000000000000000000000000000000000000000000000001",
        "000000000000000000000000000000000000000000000000000000000000000001",
    ])
    func `is no number but 1 through n − 1, in 32 bytes`(text: String) throws {
        let secret = try #require(Hex.decode(text))
        let isTaken = PrivateKey(secret) != nil
        #expect(!isTaken)
    }

    /// - Source: 1 and n − 1 give the generator of secp256k1 and its negative (SEC 2, section 2.4.1).
    @Test func `is any number from 1 through n − 1`() throws {
        let generator = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        let one = try PrivateKey.made(of: [UInt8](repeating: 0, count: 31) + [1])
        #expect(Hex.digits(one.publicKey.compressed) == "02" + generator)
        let last = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
        let minusOne = try PrivateKey.made(of: try #require(Hex.decode(last)))
        #expect(Hex.digits(minusOne.publicKey.compressed) == "03" + generator)
    }

    @Test func `signs the same digest with the same bytes every time`() throws {
        let key = PrivateKey.random()
        let digest = Keccak256.hash(utf8: "again")
        #expect(key.sign(digest) == key.sign(digest))
        #expect(key.sign(digest) != key.sign(Keccak256.hash(utf8: "and again")))
    }

    @Test func `is another one every time it is drawn`() {
        #expect(Set((0..<20).map { _ in PrivateKey.random().address }).count == 20)
    }

    @Test func `wipes bytes to zeros`() {
        var bytes = (0..<100).map { UInt8($0) }
        PrivateKey.wipe(&bytes)
        #expect(bytes == [UInt8](repeating: 0, count: 100))
        var nothing: [UInt8] = []
        PrivateKey.wipe(&nothing)
        #expect(nothing.isEmpty)
    }

    @Test func `wipes one copy and leaves another`() {
        let kept: [UInt8] = [1, 2, 3]
        var wiped = kept
        PrivateKey.wipe(&wiped)
        #expect(kept == [1, 2, 3])
        #expect(wiped == [0, 0, 0])
    }
}
