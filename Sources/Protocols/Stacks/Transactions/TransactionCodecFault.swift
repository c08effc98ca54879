// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why bytes are no transaction that can be read here.
@nonexhaustive
public enum TransactionCodecFault: Error, Hashable, Sendable {
    /// The bytes end inside the transaction.
    case truncated
    /// So many bytes follow the transaction.
    case trailingBytes(Int)
    /// There are more bytes than a transaction may have.
    case tooLong(Int)
    case version(UInt8)
    case authorization(UInt8)
    /// Not the hash mode of a single key.
    case hashMode(UInt8)
    case keyEncoding(UInt8)
    /// The hash mode takes compressed keys only.
    case uncompressedWitness
    case anchorMode(UInt8)
    case postConditionMode(UInt8)
    /// More conditions or arguments are announced than the bytes that are left can hold.
    case count(UInt32)
    case postConditionKind(UInt8)
    case postConditionOwner(UInt8)
    case postConditionCode(UInt8)
    /// Not a payload that accounts send.
    case payload(UInt8)
    case recipient(UInt8)
    /// The version of an account is above 31.
    case principalVersion(UInt8)
    /// A name is malformed or too long.
    case name
    /// A program has characters that a node does not take.
    case source
    case clarityVersion(UInt8)
    case value(ClarityCodecFault)

    /// A name that stays the same, for programs.
    public var code: String {
        switch self {
        case .truncated: "stacks-transaction.truncated"
        case .trailingBytes: "stacks-transaction.trailing-bytes"
        case .tooLong: "stacks-transaction.too-long"
        case .version: "stacks-transaction.version"
        case .authorization: "stacks-transaction.authorization"
        case .hashMode: "stacks-transaction.hash-mode"
        case .keyEncoding: "stacks-transaction.key-encoding"
        case .uncompressedWitness: "stacks-transaction.uncompressed-witness"
        case .anchorMode: "stacks-transaction.anchor-mode"
        case .postConditionMode: "stacks-transaction.post-condition-mode"
        case .count: "stacks-transaction.count"
        case .postConditionKind: "stacks-transaction.post-condition-kind"
        case .postConditionOwner: "stacks-transaction.post-condition-owner"
        case .postConditionCode: "stacks-transaction.post-condition-code"
        case .payload: "stacks-transaction.payload"
        case .recipient: "stacks-transaction.recipient"
        case .principalVersion: "stacks-transaction.principal-version"
        case .name: "stacks-transaction.name"
        case .source: "stacks-transaction.source"
        case .clarityVersion: "stacks-transaction.clarity-version"
        case .value: "stacks-transaction.value"
        }
    }
}
