// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@testable import FarthingKeyFiles

@Suite("A key file")
final class KeyFileTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    deinit { folder.remove() }

    private struct Interrupted: Error, CustomStringConvertible {
        let description = "nobody answered"
    }

    @Test(arguments: [Samples.passphrase, nil])
    func `gives back the key that was put into it`(passphrase: [UInt8]?) throws {
        let path = folder.file("payer.key")
        try KeyFile.create(Samples.key(), at: path, passphrase: passphrase, strength: .light)
        let key = try KeyFile.read(path) { passphrase }
        #expect(key.address == Samples.address)
        #expect(Hex.digits(key.withBytes { Array($0) }) == Samples.secret)
        #expect(try KeyFile.address(of: path) == Samples.address)
        #expect(try folder.mode(of: "payer.key") == 0o600)
        #expect(try folder.names() == ["payer.key"])
    }

    @Test func `without a passphrase is three plain lines of JSON`() throws {
        let text = try KeyFile.text(of: Samples.key(), passphrase: nil, strength: .standard)
        #expect(
            String(decoding: text, as: UTF8.self) == """
                {
                  "address": "0xb960bED53c17f9a021538b5d6f08e7466B966c53",
                  "private_key": "0x\(Samples.secret)",
                  "version": "farthing-plain-1"
                }

                """)
    }

    @Test func `with a passphrase is a keystore as other wallets write it`() throws {
        let text = try KeyFile.text(of: Samples.key(), passphrase: Samples.passphrase, strength: .light)
        let json = try JSON.parse(text)
        #expect(json["version"] == 3)
        #expect(json["address"] == "b960bed53c17f9a021538b5d6f08e7466b966c53")
        let crypto = try #require(json["crypto"])
        #expect(crypto["cipher"] == "aes-128-ctr")
        #expect(crypto["kdf"] == "scrypt")
        #expect(crypto["cipherparams"]?["iv"]?.stringValue?.count == 32)
        #expect(crypto["ciphertext"]?.stringValue?.count == 64)
        #expect(crypto["mac"]?.stringValue?.count == 64)
        let parameters = try #require(crypto["kdfparams"])
        #expect(parameters["salt"]?.stringValue?.count == 64)
        #expect(parameters.contains(["dklen": 32, "n": 4096, "r": 8, "p": 6]))
        let id = try #require(json["id"]?.stringValue)
        #expect(UUID(uuidString: id) != nil)
        #expect(try #require(Array(id.utf8)[14...14].first) == UInt8(ascii: "4"))
        #expect("89ab".contains(try #require(id.dropFirst(19).first)))
        #expect(!String(decoding: text, as: UTF8.self).contains(Samples.secret))
    }

    @Test func `is encrypted anew every time`() throws {
        let texts = try (0..<2).map { _ in
            try JSON.parse(KeyFile.text(of: Samples.key(), passphrase: Samples.passphrase, strength: .light))
        }
        #expect(texts[0]["id"] != texts[1]["id"])
        #expect(texts[0]["crypto"]?["ciphertext"] != texts[1]["crypto"]?["ciphertext"])
        #expect(texts[0]["crypto"]?["kdfparams"]?["salt"] != texts[1]["crypto"]?["kdfparams"]?["salt"])
        #expect(texts[0]["crypto"]?["cipherparams"] != texts[1]["crypto"]?["cipherparams"])
    }

    @Test func `takes 128 MiB to try one passphrase unless told otherwise`() throws {
        let path = folder.file("payer.key")
        try KeyFile.create(Samples.key(), at: path, passphrase: Samples.passphrase)
        let json = try JSON.parse(Array(try Data(contentsOf: URL(filePath: path))))
        #expect(json["crypto"]?["kdfparams"]?.contains(["n": 131_072, "r": 8, "p": 1]) == true)
    }

    @Test func `stays shut for any other passphrase`() throws {
        let path = folder.file("payer.key")
        let text = try KeyFile.text(of: Samples.key(), passphrase: Samples.passphrase, strength: .light)
        for other in [
            [], Array("Correct horse battery staple".utf8), Samples.passphrase + [32],
        ] {
            #expect(throws: KeyFileError.wrongPassphrase(path: path)) {
                _ = try KeyFile.key(in: text, from: path) { other }
            }
        }
    }

    @Test func `asks for a passphrase only when it is encrypted`() throws {
        let path = try folder.put(KeyFile.text(of: Samples.key(), passphrase: nil, strength: .light), as: "open.key")
        let key = try KeyFile.read(path) {
            Issue.record("asked for nothing")
            return nil
        }
        #expect(key.address == Samples.address)
    }

    @Test func `tells why it got no passphrase`() throws {
        let path = try folder.put(Samples.quickKeystore().bytes, as: "payer.key")
        #expect(throws: KeyFileError.passphraseNeeded(path: path)) { _ = try KeyFile.read(path) { nil } }
        #expect(throws: KeyFileError.passphraseUnavailable(path: path, reason: "nobody answered")) {
            _ = try KeyFile.read(path) { throw Interrupted() }
        }
        #expect(throws: KeyFileError.missing(path: "passphrase.txt")) {
            _ = try KeyFile.read(path) { throw KeyFileError.missing(path: "passphrase.txt") }
        }
    }

    @Test func `is not made with an empty passphrase, which protects nothing`() throws {
        #expect(throws: KeyFileError.emptyPassphrase) {
            try KeyFile.create(Samples.key(), at: folder.file("payer.key"), passphrase: [], strength: .light)
        }
        #expect(try folder.names().isEmpty)
    }

    @Test func `that keeps its address to itself must be opened to learn it`() throws {
        let members = try #require(try Samples.quickKeystore().members).filter { $0.name != "address" }
        let path = try folder.put(JSON.object(members).bytes, as: "payer.key")
        #expect(throws: KeyFileError.passphraseNeeded(path: path)) { try KeyFile.address(of: path) }
        #expect(try KeyFile.read(path) { [0x78] }.address == Samples.address)
    }
}
