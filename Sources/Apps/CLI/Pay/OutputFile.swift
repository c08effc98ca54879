// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import NIOCore
import Synchronization

/// A file that gets its name only when all of it is there.
final class OutputFile: Sendable {
    let path: String
    private let draft: String
    private let file: FileHandle
    private let isFinished = Mutex(false)

    /// - Parameter isSecret: Whether it is for its owner alone.
    init(_ path: String, isSecret: Bool = false) throws(PayFault) {
        self.path = path
        let url = URL(fileURLWithPath: path)
        draft =
            url.deletingLastPathComponent()
            .appending(path: ".\(url.lastPathComponent).\(UUID().uuidString.prefix(8)).part").path
        guard
            FileManager.default.createFile(
                atPath: draft, contents: nil, attributes: isSecret ? [.posixPermissions: 0o600] : nil),
            let file = FileHandle(forWritingAtPath: draft)
        else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
        self.file = file
    }

    deinit { if !isFinished.withLock({ $0 }) { unlink(draft) } }

    func write(_ bytes: some Sequence<UInt8>) throws(PayFault) {
        do { try file.write(contentsOf: Data(bytes)) } catch {
            throw .unwritable(path: path, reason: String(cString: strerror(errno)))
        }
    }

    func finish() throws(PayFault) {
        do { try file.synchronize() } catch {
            throw .unwritable(path: path, reason: String(cString: strerror(errno)))
        }
        try? file.close()
        guard rename(draft, path) == 0 else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
        isFinished.withLock { $0 = true }
    }
}
