// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A value of Clarity: what contracts compute with, keep and answer.
///
/// A value does not say of which type it is beyond its own shape: an empty list carries no type of its entries, and
/// a buffer no greatest length. Whoever needs more computes the type or brings the one that was declared.
///
/// - Source: SIP-002, "Types"; SIP-005, "Clarity value representation".
public enum ClarityValue: Hashable, Sendable {
    case int(Int128)
    case uint(UInt128)
    case bool(Bool)
    case buffer([UInt8])
    /// Text of ASCII letters, signs and white space, byte by byte.
    case ascii([UInt8])
    /// Text of Unicode, scalar by scalar: that is how contracts count its length.
    case utf8([Unicode.Scalar])
    case principal(Principal)
    case list([ClarityValue])
    case tuple(ClarityTuple)
    case none
    indirect case some(ClarityValue)
    indirect case ok(ClarityValue)
    indirect case err(ClarityValue)
}

extension ClarityValue {
    /// How deep values may stand inside each other.
    ///
    /// - Source: stacks-core, `MAX_TYPE_DEPTH`.
    public static let maximumDepth = 32

    /// How large a value may be.
    ///
    /// - Unit: bytes.
    /// - Source: stacks-core, `MAX_VALUE_SIZE`.
    public static let maximumSize = 1_048_576

    /// Text of plain ASCII as a value, or `nil` when a character is no letter, sign or white space of ASCII.
    public static func ascii(_ text: String) -> ClarityValue? {
        let bytes = Array(text.utf8)
        return bytes.allSatisfy(isASCIIText) ? .ascii(bytes) : nil
    }

    /// An account as a value.
    public static func principal(_ account: StandardPrincipal) -> ClarityValue { .principal(.standard(account)) }

    /// A contract as a value.
    public static func principal(_ contract: ContractIdentifier) -> ClarityValue { .principal(.contract(contract)) }

    /// Whether `byte` may stand in a `string-ascii`: the printable characters, tab, line feed, form feed, return.
    ///
    /// - Source: stacks-core, `Value::string_ascii_from_bytes`.
    public static func isASCIIText(_ byte: UInt8) -> Bool {
        0x20...0x7E ~= byte || byte == 0x09 || byte == 0x0A || byte == 0x0C || byte == 0x0D
    }
}
