// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Testing

@testable import FarthingAssembly

@Suite("The files that connections may use")
struct FileAllowanceTests {
    @Test(arguments: [160, 256, 1024, 4096, 65_536])
    func `leave enough for an upstream and for all the rest`(files: Int) {
        let connections = FileAllowance.connections(files: files)
        let upstream = min(connections, FileAllowance.upstream)
        #expect(connections + upstream + FileAllowance.reserve <= files)
        #expect(connections >= files / 5)
    }

    @Test func `are some, however few there are`() {
        #expect(FileAllowance.connections(files: 0) == 8)
    }

    @Test func `are raised, and never lowered`() {
        let files = FileAllowance.raise()
        #expect(files > 0)
        #expect(FileAllowance.raise() == files)
    }
}
