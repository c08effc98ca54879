// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import CSecp256k1

/// A secret scalar of secp256k1 that cannot be copied and wipes itself when it goes.
///
/// It has no description, no `Codable` and no accessor that returns its bytes: whoever must write it
/// down borrows them in ``withBytes(_:)``.
///
/// - Unit: 32 bytes, big-endian, 1 through n − 1.
/// - Source: SEC 1, section 3.2.1. Signatures are deterministic: RFC 6979 with SHA-256.
public struct PrivateKey: ~Copyable {
    private let secret: UnsafeMutableRawBufferPointer
    public let publicKey: PublicKey

    /// Takes 32 bytes that are a valid scalar, or answers `nil`.
    ///
    /// The caller wipes its own copy.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        let secret = UnsafeMutableRawBufferPointer.allocate(byteCount: 32, alignment: 8)
        secret.copyBytes(from: bytes)
        var point = secp256k1_pubkey()
        let scalar = secret.assumingMemoryBound(to: UInt8.self)
        guard let base = scalar.baseAddress, secp256k1_ec_pubkey_create(Secp256k1Context.shared, &point, base) == 1
        else {
            Self.wipe(secret)
            return nil
        }
        self.secret = secret
        publicKey = PublicKey(point: point)
    }

    deinit { Self.wipe(secret) }

    /// A fresh key from the system's random number generator.
    public static func random() -> PrivateKey {
        var generator = SystemRandomNumberGenerator()
        while true {
            var bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
            defer { wipe(&bytes) }
            // Fails once in 2¹²⁸ draws.
            if let key = PrivateKey(bytes) { return key }
        }
    }

    public var address: Address { publicKey.address }

    /// Lends the 32 secret bytes for the length of the call.
    ///
    /// Do not let them out.
    public borrowing func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result { try body(UnsafeRawBufferPointer(secret)) }

    /// Signs a digest: low `s`, `v` 27 or 28, the same bytes every time.
    public borrowing func sign(_ digest: Hash32) -> Signature {
        var raw = secp256k1_ecdsa_recoverable_signature()
        var compact = [UInt8](repeating: 0, count: 64)
        var parity: Int32 = 0
        let context = Secp256k1Context.shared
        let scalar = secret.assumingMemoryBound(to: UInt8.self)
        guard let base = scalar.baseAddress,
            secp256k1_ecdsa_sign_recoverable(context, &raw, digest.bytes, base, nil, nil) == 1,
            secp256k1_ecdsa_recoverable_signature_serialize_compact(context, &compact, &parity, &raw) == 1,
            let r = Hash32(compact.prefix(32)), let s = Hash32(compact.suffix(32)),
            // Parity 2 and 3 mean r wrapped round the field, which no digest is known to cause.
            parity < 2, let signature = try? Signature(r: r, s: s, isOdd: parity == 1)
        else { preconditionFailure("libsecp256k1 could not sign with a key that it accepted") }
        return signature
    }

    /// Overwrites bytes in a way that the optimiser keeps.
    public static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { farthing_wipe($0.baseAddress, $0.count) }
    }

    private static func wipe(_ secret: UnsafeMutableRawBufferPointer) {
        farthing_wipe(secret.baseAddress, secret.count)
        secret.deallocate()
    }
}

// The buffer is written only while the key is made and while it goes; in between it is only read.
extension PrivateKey: @unchecked Sendable {}
