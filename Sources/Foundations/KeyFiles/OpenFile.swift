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

/// A file that the system has opened, closed when this goes.
///
/// - Source: POSIX.1-2024, `open`, `fstat`, `read`, `write`, `fsync`.
struct OpenFile: ~Copyable {
    private let descriptor: Int32

    /// - Parameter rights: The mode of a file that is made, less what the process masks out.
    init(_ path: String, _ flags: Int32, rights: mode_t = 0) throws(SystemError) {
        descriptor = try SystemError.check { open(path, flags | O_CLOEXEC | O_NOCTTY, rights) }
    }

    deinit { close(descriptor) }

    borrowing func status() throws(SystemError) -> stat {
        var status = stat()
        try SystemError.check { fstat(descriptor, &status) }
        return status
    }

    /// The first `count` bytes, or all there are when the file is shorter.
    ///
    /// The caller wipes them.
    borrowing func bytes(_ count: Int) throws(SystemError) -> [UInt8] {
        // Room for all from the start: growing would leave copies behind.
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            do throws(SystemError) {
                let more = try SystemError.check {
                    bytes.withUnsafeMutableBytes {
                        read(descriptor, $0.baseAddress.map { $0 + filled }, count - filled)
                    }
                }
                if more == 0 { break }
                filled += more
            } catch {
                PrivateKey.wipe(&bytes)
                throw error
            }
        }
        bytes.removeLast(count - filled)
        return bytes
    }

    borrowing func setMode(_ rights: mode_t) throws(SystemError) {
        try SystemError.check { fchmod(descriptor, rights) }
    }

    borrowing func append(_ bytes: [UInt8]) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            written += try SystemError.check {
                bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written) }
            }
        }
    }

    /// Waits until what was written is on the disk.
    borrowing func save() throws(SystemError) {
        try SystemError.check { fsync(descriptor) }
    }
}
