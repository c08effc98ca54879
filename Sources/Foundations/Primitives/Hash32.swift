// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Thirty-two bytes: a Keccak-256 digest, an EIP-712 hash, a nonce, a salt.
///
/// Kept as four words side by side, so that copying, comparing and hashing one never allocates.
///
/// - Unit: 32 bytes, in the order in which they are written.
public struct Hash32: Hashable, Sendable {
    // The words hold the bytes exactly as they lie in memory, so as numbers they are big-endian.
    private var word0: UInt64 = 0
    private var word1: UInt64 = 0
    private var word2: UInt64 = 0
    private var word3: UInt64 = 0

    public static let zero = Hash32()

    private init() {}

    /// Takes exactly 32 bytes, or answers `nil`.
    // Inlinable, because a start reads a million of them, and code for any collection takes several times as long.
    @inlinable
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.init { $0.copyBytes(from: bytes) }
    }

    /// Fills the thirty-two bytes in place.
    public init(filling fill: (UnsafeMutableRawBufferPointer) -> Void) {
        self.init()
        withUnsafeMutableBytes(of: &self) { fill($0) }
    }

    /// Reads `0x` and 64 digits of either case; anything else is `nil`.
    public init?(hex text: String) {
        guard text.hasPrefix("0x"), text.utf8.count == 66, let bytes = Hex.decode(text) else { return nil }
        self.init(bytes)
    }

    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// `0x` and 64 lower-case digits.
    public var hex: String { withBytes { Hex.encode($0) } }

    @inlinable
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: self) { try body($0) }
    }
}

extension Hash32: Comparable, CustomStringConvertible {
    /// Orders by bytes, so that sorted lists look sorted in text too.
    public static func < (left: Self, right: Self) -> Bool {
        if left.word0 != right.word0 { return left.word0.bigEndian < right.word0.bigEndian }
        if left.word1 != right.word1 { return left.word1.bigEndian < right.word1.bigEndian }
        if left.word2 != right.word2 { return left.word2.bigEndian < right.word2.bigEndian }
        return left.word3.bigEndian < right.word3.bigEndian
    }

    public var description: String { hex }
}

extension Hash32 {
    /// Thirty-two bytes from the system's random number generator: a salt, say, or a nonce that nobody can guess.
    public static func random() -> Hash32 {
        Hash32 { bytes in
            for index in bytes.indices { bytes[index] = .random(in: .min ... .max) }
        }
    }
}
