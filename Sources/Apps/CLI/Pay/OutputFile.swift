// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import NIOCore
import Synchronization

/// A file that gets its name only when all of it is there.
///
/// What a name leads to is kept: a link stays one, and a device or a pipe is written to as it is.
final class OutputFile: Sendable {
    let path: String
    /// Where the bytes gather, and the file that they replace in the end; `nil` for what cannot be replaced.
    private let draft: (path: String, target: String)?
    private let file: FileHandle
    private let isFinished = Mutex(false)

    /// - Parameter isSecret: Whether it is for its owner alone.
    init(_ path: String, isSecret: Bool = false) throws(PayFault) {
        self.path = path
        let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        var status = stat()
        let kind = stat(url.path, &status) == 0 ? status.st_mode & S_IFMT : S_IFREG
        guard kind != S_IFDIR else { throw .unwritable(path: path, reason: "it is a folder") }
        if kind == S_IFREG {
            let draft = url.deletingLastPathComponent()
                .appending(path: ".\(url.lastPathComponent).\(UUID().uuidString.prefix(8)).part").path
            self.draft = (draft, url.path)
            guard
                FileManager.default.createFile(
                    atPath: draft, contents: nil, attributes: isSecret ? [.posixPermissions: 0o600] : nil)
            else { throw Self.failure(path) }
        } else {
            draft = nil
        }
        guard let file = FileHandle(forWritingAtPath: draft?.path ?? url.path) else { throw Self.failure(path) }
        self.file = file
    }

    /// Keeps what was written of a file that is not whole, beside where it would have been.
    ///
    /// - Returns: Where it is; `nil` when there is nothing, or when it went to a device or a pipe.
    func keep() throws(PayFault) -> String? {
        guard let draft, !isFinished.withLock({ $0 }) else { return nil }
        var (kept, number) = (draft.target + ".part", 1)
        while FileManager.default.fileExists(atPath: kept) {
            number += 1
            kept = "\(draft.target).part\(number)"
        }
        do { try file.synchronize() } catch { throw Self.failure(path) }
        guard rename(draft.path, kept) == 0 else { throw Self.failure(path) }
        isFinished.withLock { $0 = true }
        return kept
    }

    deinit { if let draft, !isFinished.withLock({ $0 }) { unlink(draft.path) } }

    func write(_ bytes: some Sequence<UInt8>) throws(PayFault) {
        do { try file.write(contentsOf: Data(bytes)) } catch { throw Self.failure(path) }
    }

    func finish() throws(PayFault) {
        if let draft {
            do { try file.synchronize() } catch { throw Self.failure(path) }
            guard rename(draft.path, draft.target) == 0 else { throw Self.failure(path) }
        }
        try? file.close()
        isFinished.withLock { $0 = true }
    }

    private static func failure(_ path: String) -> PayFault {
        .unwritable(path: path, reason: String(cString: strerror(errno)))
    }
}
