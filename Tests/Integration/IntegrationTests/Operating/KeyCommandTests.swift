// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@Suite("A key", .serialized, .timeLimit(.minutes(3)))
struct KeyCommandTests {
    private let folder: TemporaryFolder
    /// Hardhat's first account, which everybody knows.
    ///
    /// - Source: derived from the mnemonic "test test … junk"; its address is printed in Hardhat's manual.
    private static let secret = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    private static let address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    private static let passphrase = "correct horse battery staple"

    init() throws { folder = try TemporaryFolder() }

    /// Runs a command, of which no secret may come out.
    private func run(_ arguments: [String], input: String? = nil) async throws -> Farthing.Outcome {
        let outcome = try await Farthing.run(["key"] + arguments, input: input, in: folder)
        for secret in [Self.secret, Self.passphrase] {
            #expect(!(outcome.output + outcome.errors).lowercased().contains(secret))
        }
        return outcome
    }

    private func expectFailure(_ exitCode: Int32, _ code: String, _ arguments: [String]) async throws {
        let outcome = try await run(arguments + ["--json"])
        #expect(outcome.exitCode == exitCode, "\(outcome.errors)")
        #expect(outcome.code == code, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }

    @Test func `is made for its owner alone, and never printed`() async throws {
        let made = try await run(["new", folder.file("k"), "--no-passphrase", "--json"])
        #expect(made.exitCode == 0)
        #expect(made.json?["encrypted"] == false)
        #expect(try folder.mode("k") == 0o600)
        let text = try JSON.parse(folder.text("k"))
        let digits = try #require(text["private_key"]?.stringValue?.dropFirst(2))
        #expect(digits.count == 64)
        let shown = try await run(["show", folder.file("k")])
        #expect(shown.output == "\(made.json?["address"]?.stringValue ?? "")\n")
        let shownAsJSON = try await run(["show", folder.file("k"), "--json"])
        #expect(shownAsJSON.json?["address"] == made.json?["address"])
        for outcome in [made, shown, shownAsJSON] { #expect(!(outcome.output + outcome.errors).contains(digits)) }
        #expect(
            try await run(["new", folder.file("other"), "--no-passphrase", "--json"]).json?["address"]
                != text["address"])
    }

    @Test(arguments: ["", "0x"], ["", "\n"])
    func `is imported from digits`(prefix: String, ending: String) async throws {
        let source = try folder.write("digits", prefix + Self.secret + ending)
        let imported = try await run(["import", folder.file("a"), "--from", source, "--no-passphrase", "--json"])
        #expect(imported.exitCode == 0, "\(imported.errors)")
        #expect(imported.json?["address"]?.stringValue == Self.address)
        let piped = try await run(["import", folder.file("b"), "--no-passphrase"], input: source)
        #expect(piped.output == "\(Self.address)\n")
        #expect(folder.text("a") == folder.text("b"))
        #expect(try folder.mode("a") == 0o600)
    }

    @Test func `goes into a keystore and out again`() async throws {
        let source = try folder.write("digits", Self.secret)
        let passphrase = try folder.write("passphrase", Self.passphrase)
        let locked = try await run(["import", folder.file("k"), "--from", source, "--passphrase-file", passphrase])
        #expect(locked.output == "\(Self.address)\n", "\(locked.errors)")
        let opened = try await run([
            "import", folder.file("plain"), "--from", folder.file("k"), "--from-passphrase-file", passphrase,
            "--no-passphrase",
        ])
        #expect(opened.output == "\(Self.address)\n", "\(opened.errors)")
        #expect(folder.text("plain").contains(Self.secret), "it is the same key")
    }

    @Test(arguments: [
        "", "hello", "0x", String(repeating: "0", count: 64), String(repeating: "f", count: 64), secret + "00",
        String(secret.dropLast()), "{}", "[]", "{\"version\":3}",
    ])
    func `is not imported from what is none`(text: String) async throws {
        let source = try folder.write("source", text)
        let outcome = try await run(["import", folder.file("k"), "--from", source, "--no-passphrase", "--json"])
        #expect([65, 66].contains(outcome.exitCode), "\(outcome.errors)")
        #expect(outcome.code?.hasPrefix("key-file.") == true, "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("k")))
        if text.count > 16 { #expect(!outcome.errors.contains(text)) }
    }

    @Test func `is never written over`() async throws {
        try folder.write("k", "precious")
        try await expectFailure(73, "key-file.exists", ["new", folder.file("k"), "--no-passphrase"])
        let source = try folder.write("digits", Self.secret)
        try await expectFailure(
            73, "key-file.exists", ["import", folder.file("k"), "--from", source, "--no-passphrase"])
        #expect(folder.text("k") == "precious")
    }

    @Test func `is not read when others may`() async throws {
        #expect(try await run(["new", folder.file("k"), "--no-passphrase"]).exitCode == 0)
        for mode in [0o640, 0o604, 0o666] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.file("k"))
            try await expectFailure(78, "key-file.too-open", ["show", folder.file("k")])
        }
    }

    @Test func `that is not there is told`() async throws {
        try await expectFailure(66, "key-file.missing", ["show", folder.file("none")])
        try await expectFailure(
            66, "key-file.missing", ["import", folder.file("k"), "--from", folder.file("none"), "--no-passphrase"])
    }

    #if os(Linux)
    @Test func `is not made when its passphrase is interrupted, and the terminal shows again what is typed`()
        async throws
    {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        defer { close(master) }
        // What `unlockpt` and `ptsname` do, which Swift does not see: TIOCSPTLCK and TIOCGPTN.
        var (unlocked, number) = (CInt(0), CUnsignedInt(0))
        let isReady = ioctl(master, 0x4004_5431, &unlocked) == 0 && ioctl(master, 0x8004_5430, &number) == 0
        try #require(isReady)
        let terminal = "/dev/pts/\(number)"
        let other = open(terminal, O_RDWR | O_NOCTTY)
        defer { close(other) }
        func flags() -> tcflag_t {
            var settings = termios()
            return tcgetattr(other, &settings) == 0 ? settings.c_lflag : 0
        }
        let run = try ChildProcess(["key", "new", folder.file("k")], input: terminal, folder: folder.path)
        #expect(try await eventually(within: .seconds(60)) { run.errors.contains("New passphrase") })
        #expect(flags() & tcflag_t(ECHO) == 0, "nothing shows")
        #expect(flags() & tcflag_t(ISIG) != 0, "Ctrl-C is a signal")
        run.send(SIGINT)
        #expect(try await run.exitCode() == 130, "\(run.errors)")
        #expect(flags() & tcflag_t(ECHO) != 0)
        #expect(!FileManager.default.fileExists(atPath: folder.file("k")))
    }
    #endif

    @Test func `needs a passphrase or the leave to have none`() async throws {
        let outcome = try await run(["new", folder.file("k")])
        #expect(outcome.exitCode == 64)
        #expect(outcome.errors.contains("--passphrase-file"))
        #expect(!FileManager.default.fileExists(atPath: folder.file("k")))
    }

    @Test func `is made under a passphrase, and serves a node that is told it in the environment`() async throws {
        let passphrase = try folder.write("passphrase", "\(Self.passphrase)\nsecond line\n")
        let made = try await run(["new", folder.file("k"), "--passphrase-file", passphrase, "--json"])
        #expect(made.exitCode == 0, "\(made.errors)")
        #expect(made.json?["encrypted"] == true)
        #expect(try folder.mode("k") == 0o600)
        #expect(try JSON.parse(folder.text("k"))["version"] == 3)
        #expect(!folder.text("k").contains("private_key"))
        let address = try #require(made.json?["address"]?.stringValue)
        #expect(try await run(["show", folder.file("k")]).output == "\(address)\n")

        let upstream = try TestUpstream()
        let arguments = [
            "--upstream", upstream.url, "--price", "1", "--pay-to", Shop.receiver, "--store", folder.file("store"),
            "--authorizer-key", folder.file("k"),
        ]
        let serve = try await ServeProcess.start(
            arguments, environment: ["FARTHING_AUTHORIZER_PASSPHRASE": Self.passphrase], in: folder)
        let offer = try await serve.client.get("/").offer
        #expect(offer?[path: "extra.receiverAuthorizer"]?.stringValue == address)
        #expect(try await serve.stop() == 0)
        #expect(!(serve.child.output + serve.child.errors).contains(Self.passphrase))
        for environment in [[:], ["FARTHING_AUTHORIZER_PASSPHRASE": "a wrong guess"]] {
            let outcome = try await Farthing.run(
                ["serve", "--listen", "127.0.0.1:0", "--json"] + arguments, environment: environment, in: folder)
            #expect(outcome.exitCode == 78, "\(outcome.errors)")
            #expect(outcome.code?.hasPrefix("key-file.") == true, "\(outcome.errors)")
            #expect(outcome.errors.contains("FARTHING_AUTHORIZER_PASSPHRASE"), "\(outcome.errors)")
            #expect(!outcome.errors.contains("a wrong guess"))
        }
    }
}
