// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingPrimitives

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// Small files that only their owner may use.
///
/// - Source: POSIX.1-2024, `link`, `rename`, `sys/stat.h`.
enum SecretFile {
    /// Reading and writing for the owner, nothing for anybody else.
    private static let rights: mode_t = 0o600

    /// Whether anything, be it a link to nowhere, has this name.
    static func isTaken(_ path: String) -> Bool {
        var status = stat()
        return (try? checkName(path)) != nil && lstat(path, &status) == 0
    }

    /// All bytes of a file that nobody but its owner may use.
    ///
    /// The caller wipes them.
    static func read(_ path: String) throws(KeyFileError) -> [UInt8] {
        do {
            try checkName(path)
            // Does not wait for the other end where the name is that of a pipe.
            let file = try OpenFile(path, O_RDONLY | O_NONBLOCK)
            let status = try file.status()
            try check(status, at: path)
            return try file.bytes(Int(status.st_size))
        } catch let error as KeyFileError {
            throw error
        } catch let error as SystemError {
            throw error.code == ENOENT ? .missing(path: path) : .unreadable(path: path, reason: error.reason)
        } catch {
            throw .unreadable(path: path, reason: "\(error)")
        }
    }

    private static func check(_ status: stat, at path: String) throws(KeyFileError) {
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        let mode = UInt32(status.st_mode) & 0o7777
        guard mode & 0o077 == 0 else { throw .tooOpen(path: path, mode: mode) }
        guard status.st_size <= KeyText.maximumBytes else {
            throw KeyTextFault.tooLong(Int(status.st_size)).error(at: path)
        }
    }

    /// Writes a new file, which gets its name in one step once all of it is on the disk.
    static func create(_ bytes: [UInt8], at path: String) throws(KeyFileError) {
        do throws(SystemError) {
            try checkName(path)
            let folder = folder(of: path)
            let draft = "\(folder)/.key-\(Hex.digits(RandomBytes.bytes(8)))"
            let file = try OpenFile(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, rights: rights)
            defer { unlink(draft) }
            // Whatever the process masks out of the modes of its files.
            try file.setMode(rights)
            try file.append(bytes)
            try file.save()
            try publish(draft, as: path)
            // The name is there; some file systems cannot save a folder and say so.
            if let folder = try? OpenFile(folder, O_RDONLY | O_DIRECTORY) { try? folder.save() }
        } catch {
            throw error.code == EEXIST ? .exists(path: path) : .unwritable(path: path, reason: error.reason)
        }
    }

    /// Gives a file another name that nothing has yet.
    ///
    /// - Parameter link: The system's call, which refuses a name that is taken.
    static func publish(
        _ draft: String, as path: String, link: (String, String) -> Int32 = { link($0, $1) }
    ) throws(SystemError) {
        do throws(SystemError) {
            try SystemError.check { link(draft, path) }
        } catch {
            guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS].contains(error.code) else { throw error }
            // No second names on this file system: take the name with an empty file, and put the draft in its place.
            _ = try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, rights: rights)
            do throws(SystemError) {
                try SystemError.check { rename(draft, path) }
            } catch {
                unlink(path)
                throw error
            }
        }
    }

    /// Refuses a path with a zero in it: the system would take what stands before that for the whole.
    private static func checkName(_ path: String) throws(SystemError) {
        guard !path.utf8.contains(0) else { throw SystemError(EINVAL) }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
