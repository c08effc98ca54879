// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Crypto

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A key of ChaCha20-Poly1305 and the counter that makes its nonces.
///
/// - Source: The Noise Protocol Framework, revision 34, sections 5.1 and 12.3.
struct NoiseCipher: Sendable {
    static let tagLength = 16

    private let key: SymmetricKey
    private var counter: UInt64 = 0

    init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

    /// Appends the ciphertext and its tag.
    mutating func seal(
        _ plaintext: ArraySlice<UInt8>, authenticating data: [UInt8], to output: inout [UInt8]
    ) throws(NoiseError) {
        do {
            let box = try ChaChaPoly.seal(plaintext, using: key, nonce: try nextNonce(), authenticating: data)
            output.append(contentsOf: box.ciphertext)
            output.append(contentsOf: box.tag)
        } catch let error as NoiseError { throw error } catch { throw .badCiphertext }
    }

    /// Appends the plaintext; the counter stays where it was when the tag is wrong.
    mutating func open(
        _ message: ArraySlice<UInt8>, authenticating data: [UInt8], to output: inout [UInt8]
    ) throws(NoiseError) {
        guard message.count >= Self.tagLength else { throw .messageTooShort }
        let before = counter
        do {
            let tag = message.suffix(Self.tagLength)
            let box = try ChaChaPoly.SealedBox(
                nonce: try nextNonce(), ciphertext: message.dropLast(Self.tagLength), tag: tag)
            output.append(contentsOf: try ChaChaPoly.open(box, using: key, authenticating: data))
        } catch {
            counter = before
            throw .badCiphertext
        }
    }

    /// Four zero bytes and the counter, the low byte first.
    private mutating func nextNonce() throws -> ChaChaPoly.Nonce {
        // The last nonce is reserved.
        guard counter < .max else { throw NoiseError.exhausted }
        var bytes = [UInt8](repeating: 0, count: 12)
        for index in 0..<8 { bytes[4 + index] = UInt8(truncatingIfNeeded: counter >> UInt64(8 * index)) }
        counter += 1
        return try ChaChaPoly.Nonce(data: bytes)
    }
}
