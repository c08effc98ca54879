// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingWallet
import Foundation
import Testing

@Suite("A key that is imported with its wallet's books", .timeLimit(.minutes(1)))
final class ImportedKeyTests {
    private let place = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: place) }

    private func folder(_ name: String) -> WalletFolder {
        WalletFolder(path: place.appending(path: name).path(percentEncoded: false))
    }

    private func exported() async throws -> WalletBooks {
        let folder = folder("exported")
        _ = try folder.make(passphrase: Array("a passphrase".utf8))
        return try await folder.export(withKey: true)
    }

    @Test func `is the same in the new folder, for its owner alone, and nothing is left beside it`() async throws {
        let books = try await exported()
        let taken = folder("imported")
        _ = try await taken.take(in: books)
        #expect(try Data(contentsOf: URL(filePath: taken.keyPath)) == Data((books.keyFile ?? "").utf8))
        let mode = try FileManager.default.attributesOfItem(atPath: taken.keyPath)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let names = try FileManager.default.contentsOfDirectory(atPath: taken.path)
        #expect(names.allSatisfy { $0 == "key.json" || $0 == "locks" || $0.hasPrefix("journal") })
    }

    #if os(Linux)
    @Test func `has its name only once all of it is on the disk`() async throws {
        let books = try await exported()
        let taken = folder("imported")
        try taken.create()
        let watch = try FolderWatch(taken.path)
        _ = try await taken.take(in: books)
        let changes = watch.changes().filter { $0.name == "key.json" }
        #expect(changes.map(\.kind) == [.appeared], "nobody can find it empty, or half of it")
    }

    @Test func `never has its name when it is another wallet's`() async throws {
        let books = try await exported()
        var foreign = books
        foreign.address = PrivateKey.random().address
        let forged = foreign
        let taken = folder("imported")
        try taken.create()
        let watch = try FolderWatch(taken.path)
        await #expect(throws: BooksFault.otherAddress(forged.address, books.address)) {
            try await taken.take(in: forged)
        }
        #expect(watch.changes().filter { $0.name == "key.json" }.isEmpty)
        #expect(!taken.exists)
    }
    #endif
}

#if os(Linux)
/// What happens to the files of a folder, as the system tells it.
///
/// - Source: inotify(7).
private final class FolderWatch {
    enum Kind { case appeared, written }

    struct Change {
        let kind: Kind
        let name: String
    }

    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = inotify_init1(Int32(O_NONBLOCK))
        let added = inotify_add_watch(descriptor, path, UInt32(IN_CREATE | IN_MOVED_TO | IN_MODIFY))
        guard descriptor >= 0, added >= 0 else { throw POSIXError(.EIO) }
    }

    deinit { close(descriptor) }

    /// All that happened since it was asked last.
    func changes() -> [Change] {
        var changes: [Change] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return changes }
            buffer.withUnsafeBytes { bytes in
                var start = 0
                while start < count {
                    // Which watch, what, a cookie, and how long the name is: four words before it.
                    let what = bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self)
                    let length = Int(bytes.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self))
                    let name = bytes[(start + 16)..<(start + 16 + length)].prefix { $0 != 0 }
                    changes.append(
                        Change(
                            kind: what & UInt32(IN_MODIFY) != 0 ? .written : .appeared,
                            name: String(decoding: name, as: UTF8.self)))
                    start += 16 + length
                }
            }
        }
    }
}
#endif
