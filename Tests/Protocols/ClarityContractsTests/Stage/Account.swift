// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks

/// Somebody with a key, the same in every run.
struct Account: Sendable {
    private let key: [UInt8]
    let publicKey: [UInt8]
    let address: Address

    /// - Parameter byte: 1 through 254; the key is this byte 32 times over.
    init(_ byte: UInt8) {
        key = Array(repeating: byte, count: 32)
        guard let secret = PrivateKey(key) else {
            (publicKey, address) = ([], .zero)
            return
        }
        publicKey = secret.publicKey.compressed
        address = secret.address
    }

    /// The account on the test network.
    var standard: StandardPrincipal { StandardPrincipal(publicKey: publicKey, version: .testnetSingle) }
    /// The same key on the main network.
    var onMainnet: StandardPrincipal { StandardPrincipal(publicKey: publicKey, version: .mainnetSingle) }
    var principal: Principal { .standard(standard) }
    var value: ClarityValue { .principal(standard) }

    /// A signature as the project's EVM side has it.
    func signature(over digest: Hash32) -> Signature? { PrivateKey(key)?.sign(digest) }

    /// A signature as Clarity takes it: r ‖ s ‖ v, v 0 or 1.
    func sign(_ digest: Hash32) -> [UInt8] {
        guard let signature = signature(over: digest) else { return [] }
        return signature.r.bytes + signature.s.bytes + [signature.isOdd ? 1 : 0]
    }

    /// The mirror image of a signature: it recovers the same key, and was made by nobody.
    func signMirrored(_ digest: Hash32) -> [UInt8] {
        guard let signature = signature(over: digest) else { return [] }
        return signature.r.bytes + Self.negated(signature.s.bytes) + [signature.isOdd ? 0 : 1]
    }

    /// n − s.
    private static func negated(_ bytes: [UInt8]) -> [UInt8] {
        let order = Hash32(hex: "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")?.bytes ?? []
        var result = order
        var borrow = 0
        for index in order.indices.reversed() {
            let difference = Int(order[index]) - Int(bytes[index]) - borrow
            result[index] = UInt8((difference + 256) % 256)
            borrow = difference < 0 ? 1 : 0
        }
        return result
    }
}
