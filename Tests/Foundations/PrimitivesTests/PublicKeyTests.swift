// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("A public key")
struct PublicKeyTests {
    @Test func `comes back from both of its forms`() throws {
        let key = try PrivateKey.made(of: 0x33).publicKey
        #expect(key.compressed.count == 33)
        #expect(key.uncompressed.count == 65)
        #expect(PublicKey(key.compressed) == key)
        #expect(PublicKey(key.uncompressed) == key)
        #expect(Set([key, try #require(PublicKey(key.compressed))]).count == 1)
    }

    @Test func `is a point of the curve and nothing else`() throws {
        let key = try PrivateKey.made(of: 0x33).publicKey
        var offCurve = key.uncompressed
        offCurve[64] ^= 1
        let zeros = [UInt8](repeating: 0, count: 64)
        let refused: [[UInt8]] = [
            [], [2], Array(key.compressed.dropLast()), key.compressed + [0], Array(key.uncompressed.dropFirst()),
            offCurve,
            [0x06 | key.uncompressed[64] & 1] + key.uncompressed.dropFirst(), [0x04] + zeros,
            [0x02] + zeros.prefix(31) + [5], [0x05] + key.compressed.dropFirst(),
        ]
        for bytes in refused { #expect(PublicKey(bytes) == nil, "\(Hex.encode(bytes))") }
    }
}
