// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Foundation
import Testing

@testable import FarthingKeyFiles

@Suite("A key file on disk")
final class KeyFileDiskTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    deinit { folder.remove() }

    private func plainText() throws -> [UInt8] {
        try KeyFile.text(of: Samples.key(), passphrase: nil, strength: .light)
    }

    @Test(arguments: [0o600, 0o400, 0o700])
    func `is read when it is its owner's alone`(mode: Int) throws {
        let path = try folder.put(plainText(), as: "a.key", mode: mode)
        #expect(try KeyFile.read(path) { nil }.address == Samples.address)
    }

    @Test(arguments: [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o644, 0o666, 0o777])
    func `is not read when others may use it`(mode: Int) throws {
        let path = try folder.put(plainText(), as: "it's.key", mode: mode)
        let refusal = KeyFileError.tooOpen(path: path, mode: UInt32(mode))
        #expect(throws: refusal) { _ = try KeyFile.read(path) { nil } }
        #expect(throws: refusal) { try KeyFile.address(of: path) }
        #expect(refusal.message.contains("0" + String(mode, radix: 8)))
        #expect(refusal.remedy?.hasSuffix("chmod 600 '\(folder.path)/it'\\''s.key'") == true)
    }

    @Test func `is judged by its own mode when it is reached through a link`() throws {
        let path = try folder.put(plainText(), as: "a.key", mode: 0o644)
        try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: path)
        #expect(throws: KeyFileError.tooOpen(path: folder.file("link"), mode: 0o644)) {
            _ = try KeyFile.read(folder.file("link")) { nil }
        }
    }

    @Test func `is never overwritten`() throws {
        let path = try folder.put([1, 2, 3], as: "a.key")
        for passphrase in [nil, Samples.passphrase] {
            #expect(throws: KeyFileError.exists(path: path)) {
                try KeyFile.create(Samples.key(), at: path, passphrase: passphrase)
            }
        }
        #expect(throws: KeyFileError.exists(path: path)) { try SecretFile.create([4], at: path) }
        #expect(try Data(contentsOf: URL(filePath: path)) == Data([1, 2, 3]))
        #expect(try folder.names() == ["a.key"])
    }

    @Test func `takes no name that a folder or a link to nowhere has`() throws {
        let nowhere = folder.file("link")
        try FileManager.default.createSymbolicLink(atPath: nowhere, withDestinationPath: folder.file("nothing"))
        #expect(throws: KeyFileError.exists(path: nowhere)) { try SecretFile.create([1], at: nowhere) }
        #expect(throws: KeyFileError.exists(path: folder.path)) { try SecretFile.create([1], at: folder.path) }
        #expect(try folder.names() == ["link"])
    }

    @Test func `is made by one alone of many who try at once`() async throws {
        let path = folder.file("a.key")
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for writer in 0..<16 {
                group.addTask {
                    (try? SecretFile.create([UInt8](repeating: UInt8(writer), count: 4_096), at: path)) != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(outcomes == 1)
        let bytes = try SecretFile.read(path)
        #expect(bytes.count == 4_096)
        #expect(Set(bytes).count == 1)
        #expect(try folder.names() == ["a.key"])
    }

    @Test func `is made where the file system knows no second names`() throws {
        let path = folder.file("a.key")
        let noLinks: (String, String) -> Int32 = { _, _ in
            errno = EPERM
            return -1
        }
        try SecretFile.publish(folder.put([1, 2, 3], as: "draft"), as: path, link: noLinks)
        #expect(try SecretFile.read(path) == [1, 2, 3])
        #expect(try folder.mode(of: "a.key") == 0o600)

        #expect(throws: SystemError(EEXIST)) {
            try SecretFile.publish(folder.put([4], as: "draft"), as: path, link: noLinks)
        }
        #expect(try SecretFile.read(path) == [1, 2, 3])

        #expect(throws: SystemError(ENOENT)) {
            try SecretFile.publish(folder.file("no draft"), as: folder.file("b.key"), link: noLinks)
        }
        #expect(try folder.names() == ["a.key", "draft"])
    }

    @Test func `is not made in a folder that is not there`() throws {
        let path = folder.file("none/a.key")
        #expect(throws: KeyFileError.unwritable(path: path, reason: "No such file or directory")) {
            try KeyFile.create(Samples.key(), at: path, passphrase: nil)
        }
    }

    @Test func `is not made under the half of a name before a zero`() throws {
        let half = try folder.put([1], as: "a.key")
        for path in [half + "\0.key", folder.file("b.key\0")] {
            #expect(throws: KeyFileError.unwritable(path: path, reason: "Invalid argument")) {
                try KeyFile.create(Samples.key(), at: path, passphrase: nil)
            }
        }
        #expect(try folder.names() == ["a.key"])
    }

    @Test func `is missed, and told from a folder, a pipe and a device`() throws {
        #expect(throws: KeyFileError.missing(path: folder.file("a.key"))) {
            _ = try KeyFile.read(folder.file("a.key")) { nil }
        }
        #expect(throws: KeyFileError.missing(path: "")) { _ = try KeyFile.read("") { nil } }
        #expect(throws: KeyFileError.notAFile(path: folder.path)) { _ = try KeyFile.read(folder.path) { nil } }
        #expect(throws: KeyFileError.notAFile(path: "/dev/null")) { _ = try KeyFile.read("/dev/null") { nil } }
        #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
        #expect(throws: KeyFileError.notAFile(path: folder.file("pipe"))) {
            _ = try KeyFile.read(folder.file("pipe")) { nil }
        }
        let path = try folder.put(plainText(), as: "a.key")
        #expect(throws: KeyFileError.unreadable(path: path + "/b", reason: "Not a directory")) {
            _ = try KeyFile.read(path + "/b") { nil }
        }
        #expect(throws: KeyFileError.unreadable(path: path + "\0", reason: "Invalid argument")) {
            _ = try KeyFile.read(path + "\0") { nil }
        }
    }

    @Test func `is read whole up to 64 KiB and not at all beyond`() throws {
        let spaces = [UInt8](repeating: 0x20, count: 65_536 - 66)
        let longest = try folder.put(spaces + Array("0x\(Samples.secret)".utf8), as: "longest")
        #expect(try KeyFile.read(longest) { nil }.address == Samples.address)
        let tooLong = try folder.put(spaces + Array("0x\(Samples.secret)\n".utf8), as: "too long")
        #expect(
            throws: KeyFileError.damaged(path: tooLong, reason: "it has 65537 bytes, and a key takes 65536 at most")
        ) {
            _ = try KeyFile.read(tooLong) { nil }
        }
        let empty = try folder.put([], as: "empty")
        #expect(throws: KeyFileError.damaged(path: empty, reason: "it is empty")) {
            _ = try KeyFile.read(empty) { nil }
        }
    }
}
