// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import CSecp256k1

/// A point on secp256k1 that was parsed once and can check any number of signatures.
///
/// Checking against a parsed key costs a seventh less than recovering the key from the signature, and
/// no Keccak for the address: keep the key of a channel beside the channel.
///
/// - Source: SEC 1, section 2.3.3 (points as bytes); Yellow Paper, appendix F (addresses).
public struct PublicKey: Sendable {
    private let point: secp256k1_pubkey

    init(point: secp256k1_pubkey) { self.point = point }

    /// Reads 33 bytes (compressed) or 65 bytes (uncompressed); anything that is no point is `nil`.
    ///
    /// The hybrid form, which has all of y and its parity too, is no key here: one key must not have several texts.
    public init?(_ bytes: [UInt8]) {
        guard let form = bytes.first, (2...4).contains(form) else { return nil }
        var point = secp256k1_pubkey()
        guard secp256k1_ec_pubkey_parse(Secp256k1Context.shared, &point, bytes, bytes.count) == 1 else { return nil }
        self.point = point
    }

    /// The key that made `signature` over `digest`, or `nil` when no key could have.
    public init?(recovering signature: Signature, over digest: Hash32) {
        let compact = signature.r.bytes + signature.s.bytes
        var parsed = secp256k1_ecdsa_recoverable_signature()
        var point = secp256k1_pubkey()
        let context = Secp256k1Context.shared
        guard
            secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, compact, signature.isOdd ? 1 : 0)
                == 1,
            secp256k1_ecdsa_recover(context, &point, &parsed, digest.bytes) == 1
        else { return nil }
        self.point = point
    }

    /// Whether this key made the `r` and `s` of `signature` over `digest`.
    ///
    /// The last byte, `v`, is no part of the check: it only helps to recover the key. Before a signature
    /// goes to a chain, ``Signature/recovering(_:over:)`` gives it the `v` that recovers to this key.
    public func verifies(_ signature: Signature, over digest: Hash32) -> Bool {
        var parsed = secp256k1_ecdsa_signature()
        let context = Secp256k1Context.shared
        return signature.withCompactBytes { compact in
            digest.withBytes { digest in
                withUnsafePointer(to: point) { point in
                    guard let compact = compact.baseAddress, let digest = digest.baseAddress,
                        secp256k1_ecdsa_signature_parse_compact(
                            context, &parsed, compact.assumingMemoryBound(to: UInt8.self)) == 1
                    else { return false }
                    return secp256k1_ecdsa_verify(
                        context, &parsed, digest.assumingMemoryBound(to: UInt8.self), point) == 1
                }
            }
        }
    }

    /// 65 bytes: 0x04 ‖ x ‖ y.
    public var uncompressed: [UInt8] { serialized(capacity: 65, flags: UInt32(SECP256K1_EC_UNCOMPRESSED)) }

    /// Writes the 65 bytes of ``uncompressed`` to the start of `space`.
    ///
    /// - Returns: `false` when there is no room for them.
    public func writeUncompressed(to space: UnsafeMutableRawBufferPointer) -> Bool {
        guard space.count >= 65, let base = space.baseAddress else { return false }
        var length = 65
        return withUnsafePointer(to: point) { point in
            // This can fail only for a point that was never set.
            secp256k1_ec_pubkey_serialize(
                Secp256k1Context.shared, base.assumingMemoryBound(to: UInt8.self), &length, point,
                UInt32(SECP256K1_EC_UNCOMPRESSED)) == 1
        }
    }

    /// 33 bytes: 0x02 or 0x03 ‖ x.
    public var compressed: [UInt8] { serialized(capacity: 33, flags: UInt32(SECP256K1_EC_COMPRESSED)) }

    /// The last 20 bytes of the Keccak-256 of x ‖ y.
    public var address: Address {
        Address(Keccak256.hash(Array(uncompressed.dropFirst())).bytes.suffix(20)) ?? .zero
    }

    private func serialized(capacity: Int, flags: UInt32) -> [UInt8] {
        withUnsafePointer(to: point) { point in
            Array(unsafeUninitializedCapacity: capacity) { bytes, count in
                var length = capacity
                guard let base = bytes.baseAddress,
                    secp256k1_ec_pubkey_serialize(Secp256k1Context.shared, base, &length, point, flags) == 1
                else { return }
                count = length
            }
        }
    }
}

extension PublicKey: Hashable {
    public static func == (left: Self, right: Self) -> Bool {
        // The same bytes are the same point; the library does not promise that the same point has the same bytes.
        withUnsafeBytes(of: left.point) { left in withUnsafeBytes(of: right.point) { left.elementsEqual($0) } }
            || left.compressed == right.compressed
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(compressed) }
}

extension Signature {
    /// The same signature with the `v` that recovers to `key`, or `nil` when `key` did not make it.
    public func recovering(_ key: PublicKey, over digest: Hash32) -> Signature? {
        for odd in [isOdd, !isOdd] {
            guard let candidate = try? Signature(r: r, s: s, isOdd: odd) else { return nil }
            if PublicKey(recovering: candidate, over: digest) == key { return candidate }
        }
        return nil
    }
}

extension Signature {
    /// Whether it recovers to `account`; the zero address never signs.
    public func isBy(_ account: Address, over digest: Hash32) -> Bool {
        account != .zero && PublicKey(recovering: self, over: digest)?.address == account
    }
}
