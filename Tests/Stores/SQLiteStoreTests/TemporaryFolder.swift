// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import Synchronization

/// A folder of its own for one test, removed when the test lets it go.
final class TemporaryFolder: Sendable {
    let url: URL
    private let count = Mutex(0)

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "farthing-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// A place where nothing lies yet.
    func newPath() -> String {
        let number = count.withLock { count in
            count += 1
            return count
        }
        return url.appending(path: "\(number).store").path
    }
}
