// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

/// The files in `Tests/Vectors/x402`, which were made by other programs.
enum VectorFile {
    static func json(_ name: String, from file: String = #filePath) throws -> JSON {
        var folder = URL(filePath: file)
        while folder.path.count > 1 {
            folder.deleteLastPathComponent()
            let path = folder.appending(path: "Vectors/x402/\(name).json")
            guard let data = try? Data(contentsOf: path) else { continue }
            return try JSON.parse(Array(data))
        }
        throw Missing(name: name)
    }

    struct Missing: Error {
        let name: String
    }
}

extension JSON {
    /// What lies at a path of member names and list positions, such as `accepts.0.extra`.
    func at(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> JSON {
        try path.split(separator: ".").reduce(self) { json, step in
            let next = Int(step).map { json.arrayValue?[$0] } ?? json[String(step)]
            return try #require(next, "\(step) of \(path)", sourceLocation: sourceLocation)
        }
    }

    func text(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        try #require(try at(path, sourceLocation: sourceLocation).stringValue, sourceLocation: sourceLocation)
    }

    func integer(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> UInt64 {
        let value = try at(path, sourceLocation: sourceLocation)
        let number = try #require(
            value.integerValue ?? value.stringValue.flatMap { Int64($0) }, sourceLocation: sourceLocation)
        return try #require(UInt64(exactly: number), sourceLocation: sourceLocation)
    }

    func amount(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Amount {
        try #require(
            Amount(wire: try text(path, sourceLocation: sourceLocation)), sourceLocation: sourceLocation)
    }

    func address(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Address {
        try #require(Address(hex: try text(path, sourceLocation: sourceLocation)), sourceLocation: sourceLocation)
    }

    func hash(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Hash32 {
        try #require(Hash32(hex: try text(path, sourceLocation: sourceLocation)), sourceLocation: sourceLocation)
    }
}
