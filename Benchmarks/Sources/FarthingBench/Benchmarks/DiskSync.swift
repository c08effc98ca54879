// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// How fast the disk is at the one thing that every durable payment waits for.
final class DiskSync: Sendable {
    private let descriptor: Int32

    init(folder: String) throws {
        descriptor = open(folder + "/sync", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw WrongResult("No file can be made in \(folder).") }
    }

    deinit { close(descriptor) }

    /// How long single writes take to reach the disk, shortest first.
    ///
    /// - Unit: seconds.
    func times(_ count: Int) throws -> [Double] {
        try (0..<count).map { number in
            let start = ContinuousClock.now
            try write(number)
            return (ContinuousClock.now - start) / .seconds(1)
        }.sorted()
    }

    /// One write after the other, each synced before the next.
    ///
    /// Its processor time says little, its rate everything.
    var entrant: Entrant {
        .loop("disk, 4 KiB written and synced", trial: 50) { [self] count in
            for number in 0..<count { try write(number) }
        }
    }

    private func write(_ number: Int) throws {
        let page = [UInt8](repeating: 0xFA, count: 4096)
        guard pwrite(descriptor, page, page.count, off_t(number % 1024 * page.count)) == page.count,
            fsync(descriptor) == 0
        else { throw WrongResult("The disk could not be written.") }
    }
}
