// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// A folder for one test, which removes it with all that is in it.
struct Folder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "farthing-keys-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path(percentEncoded: false)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file around the code under test.
    func put(_ bytes: [UInt8], as name: String, mode: Int = 0o600) throws -> String {
        try Data(bytes).write(to: URL(filePath: file(name)))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
        return file(name)
    }

    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    func mode(of name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: file(name))[.posixPermissions] as? Int
    }
}
