// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A blockchain by its CAIP-2 name, such as `eip155:8453`.
///
/// - Source: CAIP-2 (Blockchain ID Specification): namespace 3–8 of `[-a-z0-9]`, reference 1–32 of `[-_a-zA-Z0-9]`.
public struct Network: Hashable, Sendable {
    public let namespace: String
    public let reference: String

    /// Reads `namespace:reference`; anything that CAIP-2 does not allow is `nil`.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (3...8).contains(parts[0].utf8.count), (1...32).contains(parts[1].utf8.count),
            parts[0].utf8.allSatisfy({ Self.isLower($0) || Self.isDigitOrDash($0) }),
            parts[1].utf8.allSatisfy({
                Self.isLower($0) || Self.isDigitOrDash($0) || $0 == UInt8(ascii: "_") || Self.isLower($0 | 0x20)
            })
        else { return nil }
        namespace = String(parts[0])
        reference = String(parts[1])
    }

    /// An EVM chain by its chain id.
    public init(evm chainID: UInt64) {
        namespace = "eip155"
        reference = "\(chainID)"
    }

    /// The chain id when this is an EVM chain, in its canonical spelling (no zero in front).
    public var evmChainID: UInt64? {
        guard namespace == "eip155", let id = UInt64(reference), "\(id)" == reference else { return nil }
        return id
    }

    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigitOrDash(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
    }
}

extension Network: CustomStringConvertible {
    public var description: String { "\(namespace):\(reference)" }
}
