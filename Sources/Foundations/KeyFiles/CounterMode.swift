// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Crypto
internal import CryptoExtras
internal import FarthingPrimitives

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// AES-128 in counter mode, which encrypts and decrypts alike.
///
/// - Source: NIST SP 800-38A, section 6.5.
enum CounterMode {
    /// - Parameters:
    ///   - key: Its first 16 bytes are the key.
    ///   - iv: The first counter, 16 bytes.
    static func crypt(_ text: [UInt8], key: [UInt8], iv: [UInt8]) throws(KeyTextFault) -> [UInt8] {
        do {
            // `SymmetricKey` wipes itself.
            let cipherKey = key.withUnsafeBytes { SymmetricKey(data: UnsafeRawBufferPointer(rebasing: $0.prefix(16))) }
            let nonce = try AES._CTR.Nonce(nonceBytes: iv)
            var data = try AES._CTR.encrypt(text, using: cipherKey, nonce: nonce)
            defer { data.resetBytes(in: data.startIndex..<data.endIndex) }
            return Array(data)
        } catch {
            throw .unsupported("AES refused an iv of \(iv.count) bytes")
        }
    }
}
