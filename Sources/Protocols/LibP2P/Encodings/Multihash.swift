// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Crypto
internal import FarthingEncodings

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A digest that says which function made it.
///
/// - Unit: uvarint code ‖ uvarint length ‖ digest.
/// - Source: multiformats/multihash. Known are identity (0x00) and sha2-256 (0x12), the two that peer ids use.
public struct Multihash: Hashable, Sendable {
    public enum Function: UInt64, Hashable, Sendable {
        case identity = 0x00
        case sha256 = 0x12
    }

    public let function: Function
    public let digest: [UInt8]

    /// The bytes themselves, without a digest; at most 127 of them.
    public init(identity bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Self.longestIdentity else {
            throw .tooLong(length: UInt64(bytes.count), limit: Self.longestIdentity)
        }
        function = .identity
        digest = bytes
    }

    /// The SHA-256 of the bytes.
    public init(sha256Of bytes: [UInt8]) {
        function = .sha256
        digest = Array(SHA256.hash(data: bytes))
    }

    /// Reads one multihash that fills the bytes.
    public init(_ bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        let code = try reader.uvarint()
        let digest = try reader.prefixed(limit: Self.longestIdentity)
        try reader.finish()
        guard let function = Function(rawValue: code), function == .identity || digest.count == 32 else {
            throw .badMultihash
        }
        self.function = function
        self.digest = Array(digest)
    }

    public var bytes: [UInt8] {
        var bytes = UVarint.encode(function.rawValue)
        bytes.append(prefixed: digest)
        return bytes
    }

    private static let longestIdentity = 127
}
