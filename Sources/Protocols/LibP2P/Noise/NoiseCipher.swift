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
    private static let nonceLength = 12

    private let key: SymmetricKey
    private var counter: UInt64 = 0

    init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

    /// Appends the ciphertext and its tag.
    mutating func seal(
        _ plaintext: ArraySlice<UInt8>, authenticating data: [UInt8], to output: inout [UInt8]
    ) throws(NoiseError) {
        do {
            let nonce = try ChaChaPoly.Nonce(data: try nextNonce())
            let box = try ChaChaPoly.seal(plaintext, using: key, nonce: nonce, authenticating: data)
            // Of nonce, ciphertext and tag, the nonce is known to both.
            box.combined.withUnsafeBytes { output.append(contentsOf: $0[Self.nonceLength...]) }
        } catch let error as NoiseError { throw error } catch { throw .badCiphertext }
    }

    /// Appends the plaintext; the counter stays where it was when the tag is wrong.
    mutating func open(
        _ message: ArraySlice<UInt8>, authenticating data: [UInt8], to output: inout [UInt8]
    ) throws(NoiseError) {
        guard message.count >= Self.tagLength else { throw .messageTooShort }
        let before = counter
        do {
            var combined = Data(capacity: Self.nonceLength + message.count)
            combined.append(try nextNonce())
            message.withUnsafeBufferPointer { combined.append($0) }
            let box = try ChaChaPoly.SealedBox(combined: combined)
            let plaintext = try ChaChaPoly.open(box, using: key, authenticating: data)
            plaintext.withUnsafeBytes { output.append(contentsOf: $0) }
        } catch {
            counter = before
            throw .badCiphertext
        }
    }

    /// Four zero bytes and the counter, the low byte first.
    private mutating func nextNonce() throws(NoiseError) -> Data {
        // The last nonce is reserved.
        guard counter < .max else { throw .exhausted }
        var bytes = Data(count: Self.nonceLength)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: counter.littleEndian, toByteOffset: 4, as: UInt64.self) }
        counter += 1
        return bytes
    }
}
