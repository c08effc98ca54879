// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// An account: the hash of a public key or of a script, and the version that tells network and kind.
///
/// - Range: version 0 through 31, 20 bytes.
/// - Source: SIP-005, "Transaction authorization"; SIP-002, "Principals".
public struct StandardPrincipal: Hashable, Sendable {
    /// The version byte: network and kind of hash.
    public let version: UInt8
    // The bytes of the hash as numbers, the first bytes in the high places: comparing numbers compares bytes.
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    /// How many bytes the hash has.
    public static let hashLength = 20

    /// Takes a version and exactly 20 bytes; anything else is `nil`.
    public init?(version: UInt8, hash: some Collection<UInt8>) {
        guard version < 32, hash.count == Self.hashLength else { return nil }
        self.version = version
        high = hash.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        middle = hash.dropFirst(8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = hash.dropFirst(16).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The account whose hash is twenty times the same byte.
    init(everyByte byte: UInt8, version: UInt8) {
        self.version = version & 31
        high = UInt64(byte) &* 0x0101_0101_0101_0101
        middle = high
        low = UInt32(byte) &* 0x0101_0101
    }

    /// Twenty zero bytes on mainnet: the account that nobody has the key of.
    public static let zero = StandardPrincipal(everyByte: 0, version: 22)

    /// The 20 bytes of the hash.
    public var hash: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.hashLength)
        appendHash(to: &bytes)
        return bytes
    }

    func appendHash(to bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: high >> shift))
        }
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: middle >> shift))
        }
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: low >> shift))
        }
    }
}

extension StandardPrincipal {
    /// The account of one key, from the key's 33 bytes (compressed) or 65 (uncompressed): they are two accounts.
    public init(publicKey: [UInt8], version: AddressVersion) {
        // A hash of 20 bytes under a version below 32 is always an account.
        self = StandardPrincipal(version: version.rawValue, hash: Hash160.hash(publicKey)) ?? .zero
    }

    /// Reads an address such as `SP2J6Z…`, of any case and with the look-alike letters that c32 allows.
    ///
    /// - Throws: ``C32Fault``.
    public init(address text: String) throws(C32Fault) {
        guard let first = text.utf8.first, first | 0x20 == UInt8(ascii: "s") else { throw .prefix }
        let (version, hash) = try C32Check.decode(text.utf8.dropFirst())
        guard hash.count == Self.hashLength else { throw .length(hash.count) }
        guard let principal = StandardPrincipal(version: version, hash: hash) else { throw .version(version) }
        self = principal
    }

    /// The address in c32check, such as `SP2J6Z…`.
    public var address: String { "S" + C32Check.encode(version: version, hash) }
}

extension StandardPrincipal: Comparable, CustomStringConvertible {
    /// Orders by version, then by the bytes of the hash.
    public static func < (left: Self, right: Self) -> Bool {
        (left.version, left.high, left.middle, left.low) < (right.version, right.high, right.middle, right.low)
    }

    public var description: String { address }
}
