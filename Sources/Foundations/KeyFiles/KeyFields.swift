// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import FarthingPrimitives

/// An object in the text of a key file, whose members are looked up by name and refused by name.
struct KeyFields {
    private let json: JSON
    /// What stands before the name of a member in messages: `crypto.kdfparams.`, say.
    private let prefix: String

    init(_ json: JSON, prefix: String = "") {
        self.json = json
        self.prefix = prefix
    }

    func has(_ name: String) -> Bool { member(name) != nil }

    func object(_ name: String) throws(KeyTextFault) -> KeyFields {
        let value = try required(name)
        guard case .object = value else { throw .damaged("\"\(prefix)\(name)\" is not an object") }
        return KeyFields(value, prefix: "\(prefix)\(name).")
    }

    func text(_ name: String) throws(KeyTextFault) -> String {
        guard let text = try required(name).stringValue else { throw .damaged("\"\(prefix)\(name)\" is not a text") }
        return text
    }

    func text(_ name: String, mustBe wanted: String) throws(KeyTextFault) {
        let text = try text(name)
        guard text == wanted else {
            throw .unsupported("\"\(prefix)\(name)\" is \(Self.shown(text)), and only \(wanted) is taken")
        }
    }

    /// - Parameter isTaken: Whether the number may be used, which `rule` says in words.
    func number(
        _ name: String, _ rule: String, where isTaken: (Int) -> Bool
    ) throws(KeyTextFault) -> Int {
        guard let long = try required(name).integerValue, let number = Int(exactly: long) else {
            throw .damaged("\"\(prefix)\(name)\" is not a whole number")
        }
        guard isTaken(number) else {
            throw .unsupported("\"\(prefix)\(name)\" is \(number), and must be \(rule)")
        }
        return number
    }

    /// The bytes that a text spells in hexadecimal, with `0x` before them or not.
    func bytes(_ name: String, count: ClosedRange<Int>) throws(KeyTextFault) -> [UInt8] {
        guard let bytes = Hex.decode(try text(name)) else {
            throw .damaged("\"\(prefix)\(name)\" is not hexadecimal")
        }
        guard count.contains(bytes.count) else { throw .damaged("\"\(prefix)\(name)\" has \(bytes.count) bytes") }
        return bytes
    }

    /// The address that the text states.
    ///
    /// Wallets may leave it out, so that a file does not tell whose it is.
    func statedAddress() throws(KeyTextFault) -> Address? {
        guard has("address") else { return nil }
        return Address(try bytes("address", count: 20...20))
    }

    /// A word from the text as it may be shown: short, and without what a terminal would obey.
    static func shown(_ text: String) -> String {
        let bytes = text.utf8.prefix(24).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        return "'" + String(decoding: bytes, as: UTF8.self) + (text.utf8.count > 24 ? "…'" : "'")
    }

    private func member(_ name: String) -> JSON? {
        guard let value = json[name], value != .null else { return nil }
        return value
    }

    private func required(_ name: String) throws(KeyTextFault) -> JSON {
        guard let value = member(name) else { throw .damaged("\"\(prefix)\(name)\" is missing") }
        return value
    }
}
