// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Hashes of Stacks")
struct DigestTests {
    @Test(
        "RIPEMD-160 gives the digests of its authors",
        arguments: [
            ("", "9c1185a5c5e9fc54612808977ee8f548b2258d31"), ("abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
            ("message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36"),
            ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "12a053384a9c0c88e405a06c27dcf49ada62eb2b"),
            (String(repeating: "1234567890", count: 8), "9b752e45573d4b39f4dbd3323cab82bf63326bfb"),
        ])
    func ripemd(message: String, digest: String) {
        #expect(Hex.digits(RIPEMD160.hash(Array(message.utf8))) == digest)
    }

    @Test(
        "SHA-512/256 gives the digests of FIPS 180-4's examples",
        arguments: [
            ("", "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a"),
            ("abc", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a"
            ),
        ])
    func sha512Trunc256(message: String, digest: String) {
        #expect(Hex.digits(SHA512_256.hash(Array(message.utf8))) == digest)
    }

    /// SHA-256 of all digests of so many `a`, computed once with Python's hashlib.
    @Test("Every length around a block's end is padded rightly")
    func lengths() {
        let ripemd = (0...130).flatMap { RIPEMD160.hash([UInt8](repeating: 0x61, count: $0)) }
        #expect(
            Hex.digits(Digests.sha256(ripemd)) == "f6043a425248f386e091acc074f402385abb16269ccefa35cabf77edac09ebc2")
        let sha = (0...260).flatMap { SHA512_256.hash([UInt8](repeating: 0x61, count: $0)) }
        #expect(Hex.digits(Digests.sha256(sha)) == "5ea74b2206ef5716f145d0faf048ac60111d67b2df91d3147a45038e9c503443")
    }
}
