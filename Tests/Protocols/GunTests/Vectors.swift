// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingGun
import Foundation
import Testing

/// `Tests/Vectors/gun`, recorded from GUN itself.
enum Vectors {
    static func load(_ name: String) throws -> JSON {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try JavaScriptJSON.parse([UInt8](Data(contentsOf: tests.appending(path: "Vectors/gun/\(name).json"))))
    }

    static func list(_ name: String, _ member: String) throws -> [JSON] {
        try #require(try load(name)[member]?.arrayValue)
    }

    static func pair(_ name: String) throws -> GunKeyPair {
        try GunKeyPair(try #require(try load("sea")["pairs"]?[name]))
    }
}

extension JSON {
    func text(of name: String) throws -> String { try #require(self[name]?.stringValue) }

    func double(of name: String) throws -> Double {
        guard case .number(let number)? = self[name] else { throw GunError.invalidValue }
        return try #require(Double(number.text))
    }

    func at(_ name: String) throws -> JSON { try #require(self[name]) }
}

extension GunEntry {
    init(vector: JSON) throws {
        self.init(
            try #require(GunValue(try vector.at("value"))), try #require(GunState(try vector.double(of: "state"))))
    }
}
