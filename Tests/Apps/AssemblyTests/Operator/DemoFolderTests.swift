// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import Testing

@testable import FarthingAssembly

@Suite("The folder of a demo")
struct DemoFolderTests {
    @Test(arguments: ["store.sqlite", "store.sqlite.ledger", "store.sqlite.authorizer.key", "voucher.journal"])
    func `is no folder with files of a real node or wallet`(name: String) async throws {
        try await withFolder { folder in
            let path = folder + "/" + name
            try Data("real".utf8).write(to: URL(filePath: path))
            #expect(throws: DemoFolderFault.foreign(path: path)) { try DemoFolder(claiming: folder) }
            #expect(FileManager.default.contents(atPath: path) == Data("real".utf8))
        }
    }

    @Test func `is its own again at the next demo`() async throws {
        try await withFolder { folder in
            let first = try DemoFolder(claiming: folder + "/demo")
            try Data().write(to: URL(filePath: first.store))
            #expect(try DemoFolder(claiming: folder + "/demo").path == first.path)
        }
    }

    @Test func `is no file`() async throws {
        try await withFolder { folder in
            let path = folder + "/file"
            try Data().write(to: URL(filePath: path))
            #expect(throws: DemoFolderFault.unusable(path: path)) { try DemoFolder(claiming: path) }
        }
    }
}
