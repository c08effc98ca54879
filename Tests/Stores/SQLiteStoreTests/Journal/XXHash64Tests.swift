// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingSQLiteStore
import Testing

@Suite("The checksum of the journal")
struct XXHash64Tests {
    /// The vectors of xxHash's own sanity check: a prefix of a fixed series of bytes, and a seed.
    ///
    /// - Source: xxHash, tests/sanity_test_vectors.h.
    @Test(
        arguments: [
            (length: 0, seed: 0, expected: 0xEF46_DB37_51D8_E999), (0, 0x9E37_79B1, 0xAC75_FDA2_929B_17EF),
            (1, 0, 0xE934_A84A_DB05_2768), (1, 0x9E37_79B1, 0x5014_6076_43A9_B4C3),
            (14, 0, 0x8282_DCC4_994E_35C8), (14, 0x9E37_79B1, 0xC3BD_6BF6_3DEB_6DF0),
            (222, 0, 0xB641_AE8C_B691_C174), (222, 0x9E37_79B1, 0x20CB_8AB7_AE10_C14A),
        ] as [(length: Int, seed: UInt64, expected: UInt64)])
    func `gives what everybody else computes`(length: Int, seed: UInt64, expected: UInt64) {
        var generator: UInt64 = 2_654_435_761
        let bytes = (0..<length).map { _ in
            defer { generator = generator &* 0x9E37_79B1_85EB_CA8D }
            return UInt8(truncatingIfNeeded: generator >> 56)
        }
        #expect(bytes.withUnsafeBytes { XXHash64.hash($0, seed: seed) } == expected)
    }

    @Test func `gives the well-known sum of abc`() {
        #expect(Array("abc".utf8).withUnsafeBytes { XXHash64.hash($0, seed: 0) } == 0x44BC_2CF5_AD77_0999)
    }
}
