// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingKeyFiles

@Suite("A mutilated key file")
struct KeyFileFuzzTests {
    @Test func `never crashes, never yields another key, and tells no secret`() throws {
        let seed: UInt64 = 0xF0_22ED
        var generator = SeededGenerator(seed: seed)
        let texts = [
            try Samples.quickKeystore().bytes,
            try KeyFile.text(of: Samples.key(), passphrase: nil, strength: .light),
        ]
        var refused = 0
        for step in 0..<4_000 {
            let text = mutilated(texts[step % 2], by: &generator)
            do {
                let address = try KeyFile.importKey(from: text) { [0x78] }.address
                #expect(address == Samples.address, "seed \(seed), step \(step)")
            } catch {
                refused += 1
                // The digits of the key run through the plain text in one piece, however mutilated.
                let told = error.description
                let hasSecret = (0..<48).contains { told.contains(Samples.secret.dropFirst($0).prefix(16)) }
                #expect(!hasSecret, "seed \(seed), step \(step)")
            }
        }
        #expect(refused > 1_000)
    }

    private func mutilated(_ text: [UInt8], by generator: inout SeededGenerator) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !text.isEmpty {
            let place = Int.random(in: 0..<text.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: text[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: text[place] = Array("\"{}[]:,\\0123456789abcdefnull".utf8).randomElement(using: &generator) ?? 0
            case 2: text.remove(at: place)
            case 3: text.insert(UInt8.random(in: 0...255, using: &generator), at: place)
            case 4: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...40, using: &generator)))
            default: text.insert(contentsOf: text[place..<min(text.count, place + 40)], at: place)
            }
        }
        return text
    }
}
