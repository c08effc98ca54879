// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A recoverable ECDSA signature in the only form that every contract accepts.
///
/// OpenZeppelin's ECDSA and USDC refuse a high `s` and any `v` but 27 and 28. Whoever takes such a
/// signature off chain is paid with something that can never be claimed, so it cannot be built here.
///
/// - Unit: 65 bytes, r ‖ s ‖ v.
/// - Range: 0 < r < n, 0 < s ≤ n/2, v 27 or 28, where n is the order of secp256k1.
/// - Source: EIP-2 (low s); SEC 1, section 4.1; Ethereum Yellow Paper, appendix F.
public struct Signature: Hashable, Sendable {
    public let r: Hash32
    public let s: Hash32
    /// Whether the point R has an odd y: `v` is 28 then, and 27 otherwise.
    public let isOdd: Bool

    /// Why bytes are no signature.
    public enum Fault: Error, Hashable, Sendable {
        /// Not 65 bytes.
        case length(Int)
        /// `v` is neither 27 nor 28.
        case recoveryByte(UInt8)
        /// `r` or `s` is zero, or not below the order of the curve.
        case outOfRange
        /// `s` is above n/2: the mirror image of a signature, which contracts refuse.
        case highS
    }

    /// Takes r ‖ s ‖ v and refuses all that a contract would refuse.
    public init(_ bytes: some Collection<UInt8>) throws(Fault) {
        guard bytes.count == 65 else { throw .length(bytes.count) }
        guard let r = Hash32(bytes.prefix(32)), let s = Hash32(bytes.dropFirst(32).prefix(32)),
            let v = bytes.dropFirst(64).first
        else { throw .length(bytes.count) }
        guard v == 27 || v == 28 else { throw .recoveryByte(v) }
        try self.init(r: r, s: s, isOdd: v == 28)
    }

    /// - Throws: ``Fault/outOfRange`` or ``Fault/highS``.
    public init(r: Hash32, s: Hash32, isOdd: Bool) throws(Fault) {
        guard r != .zero, s != .zero, r < Self.order, s < Self.order else { throw .outOfRange }
        guard s <= Self.halfOrder else { throw .highS }
        self.r = r
        self.s = s
        self.isOdd = isOdd
    }

    /// r ‖ s ‖ v.
    public var bytes: [UInt8] { r.bytes + s.bytes + [isOdd ? 28 : 27] }

    /// `0x` and 130 lower-case digits.
    public var hex: String { Hex.encode(bytes) }

    /// Lends r ‖ s, 64 bytes, which lie side by side at the head of the value.
    func withCompactBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: self) { try body(UnsafeRawBufferPointer(rebasing: $0.prefix(64))) }
    }

    private static let order = constant("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
    private static let halfOrder = constant("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0")
    private static func constant(_ hex: String) -> Hash32 { Hash32(hex: hex) ?? .zero }
}
