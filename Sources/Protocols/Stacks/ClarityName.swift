// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A name of Clarity: of a function, a variable, a map, a tuple's field.
///
/// - Range: 1 through 128 bytes of ASCII; a letter followed by letters, digits and `-_!?+<>=/*`, or one of
///   `+ - = / * < > <= >=`.
/// - Source: SIP-002, "Names"; stacks-core, `ClarityName`.
public struct ClarityName: Hashable, Sendable {
    /// The name as it is written.
    public let text: String

    /// How long a name may be.
    ///
    /// - Unit: bytes.
    public static let maximumLength = 128

    /// Takes a well formed name; anything else is `nil`.
    public init?(_ text: String) {
        guard Self.isName(text.utf8) else { return nil }
        self.text = text
    }

    /// Takes the bytes of a well formed name; anything else is `nil`.
    public init?(bytes: some Collection<UInt8>) {
        guard Self.isName(bytes) else { return nil }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// For names that are known to be well formed.
    package init(unchecked text: String) { self.text = text }

    /// Whether a contract may be called so: letters, digits, `-` and `_` behind a letter, at most 40 bytes.
    public var isContractName: Bool {
        let bytes = text.utf8
        guard bytes.count <= ContractIdentifier.maximumNameLength else { return false }
        return self == Self.transient || bytes.allSatisfy { Self.isPlain($0) } && bytes.first.map(Self.isLetter) == true
    }

    /// The name under which stacks-core runs programs that belong to no contract.
    static let transient = ClarityName(unchecked: "__transient")

    private static func isName(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, bytes.count <= maximumLength else { return false }
        if isLetter(first) { return bytes.allSatisfy { isPlain($0) || symbols.contains($0) } }
        return operators.contains { $0.elementsEqual(bytes) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 && byte < 0x80
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        isLetter(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

    private static let symbols = Array("!?+<>=/*".utf8)
    private static let operators = ["+", "-", "=", "/", "*", "<", ">", "<=", ">="].map { Array($0.utf8) }
}

extension ClarityName: Comparable, CustomStringConvertible {
    /// Orders by bytes, as tuples are kept.
    public static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    public var description: String { text }
}
