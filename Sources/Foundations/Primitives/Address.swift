// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// An account or a contract on an EVM chain.
///
/// Addresses are compared as bytes. Their text is the mixed-case form of EIP-55, whose case is a checksum.
///
/// - Unit: 20 bytes, the last 20 of the Keccak-256 of the uncompressed public key.
/// - Source: EIP-55 (mixed-case checksum address encoding).
public struct Address: Hashable, Sendable {
    // Bytes as they lie in memory, see `Hash32`.
    private var word0: UInt64 = 0
    private var word1: UInt64 = 0
    private var word2: UInt32 = 0

    /// Twenty zero bytes: "nobody".
    ///
    /// No signature is ever its.
    public static let zero = Address()

    private init() {}

    /// Takes exactly 20 bytes, or answers `nil`.
    @inlinable
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 20 else { return nil }
        self.init { $0.copyBytes(from: bytes) }
    }

    /// Fills the twenty bytes in place.
    @usableFromInline
    init(filling fill: (UnsafeMutableRawBufferPointer) -> Void) {
        self.init()
        // The struct is padded to 24 bytes; the address is its first 20.
        withUnsafeMutableBytes(of: &self) { fill(UnsafeMutableRawBufferPointer(rebasing: $0.prefix(20))) }
    }

    /// Reads `0x` and 40 digits of any case.
    ///
    /// Case is not checked: programs write addresses in lower case too.
    public init?(hex text: String) {
        guard text.hasPrefix("0x"), text.utf8.count == 42, let bytes = Hex.decode(text) else { return nil }
        self.init(bytes)
    }

    /// Reads an address that a person typed: mixed case must carry the right checksum.
    ///
    /// - Source: EIP-55. All lower or all upper case carries no checksum and is taken as it is.
    public init?(checking text: String) {
        guard let address = Address(hex: text) else { return nil }
        let digits = text.dropFirst(2)
        let hasUpper = digits.contains { "A"..."F" ~= $0 }
        let hasLower = digits.contains { "a"..."f" ~= $0 }
        guard !(hasUpper && hasLower) || address.checksummed == text else { return nil }
        self = address
    }

    public var bytes: [UInt8] { withBytes { Array($0) } }

    @inlinable
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: self) { try body(UnsafeRawBufferPointer(rebasing: $0.prefix(20))) }
    }

    /// `0x` and 40 lower-case digits.
    public var hex: String { withBytes { Hex.encode($0) } }

    /// `0x` and 40 digits whose case is the checksum of EIP-55.
    public var checksummed: String {
        let digits = Array(withBytes { Hex.digits($0) }.utf8)
        let hash = Keccak256.hash(digits).bytes
        let cased = digits.enumerated().map { index, digit in
            let nibble = index.isMultiple(of: 2) ? hash[index / 2] >> 4 : hash[index / 2] & 15
            return digit >= UInt8(ascii: "a") && nibble >= 8 ? digit - 32 : digit
        }
        return "0x" + String(decoding: cased, as: UTF8.self)
    }
}

extension Address: Comparable, CustomStringConvertible {
    public static func < (left: Self, right: Self) -> Bool {
        left.withBytes { left in right.withBytes { right in left.lexicographicallyPrecedes(right) } }
    }

    public var description: String { checksummed }
}
