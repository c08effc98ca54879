// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("Keccak-256")
struct Keccak256Tests {
    private struct Digests: Decodable {
        let digests: [String]
    }

    /// - Source: The Keccak team's known answers for c = 512 (the first), and Solidity's `keccak256`.
    @Test(arguments: [
        ("", "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        ("abc", "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        ("Transfer(address,address,uint256)", "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
    ])
    func `gives the published hashes`(text: String, hash: String) {
        #expect(Keccak256.hash(utf8: text).hex == hash)
        #expect(Keccak256.hash(Array(text.utf8)).hex == hash)
    }

    @Test func `agrees with another implementation for every length through 400 bytes`() throws {
        let digests = try Vectors.decode("keccak/keccak256.json", as: Digests.self).digests
        #expect(digests.count == 401)
        for (length, digest) in digests.enumerated() {
            let message = (0..<length).map { UInt8((7 * length + 13 * $0 + 1) % 256) }
            #expect(Keccak256.hash(message).hex == "0x" + digest, "\(length) bytes")
        }
    }

    @Test func `does not care how the bytes lie in memory`() {
        let message = (0..<300).map { UInt8($0 % 251) }
        let hash = Keccak256.hash(message)
        for shift in 1..<8 {
            let shifted = [UInt8](repeating: 0, count: shift) + message
            shifted.withUnsafeBytes { bytes in
                #expect(Keccak256.hash(UnsafeRawBufferPointer(rebasing: bytes[shift...])) == hash)
            }
        }
    }
}
