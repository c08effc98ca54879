// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation
import Testing

@Suite("What an operator reads when something is not right", .timeLimit(.minutes(3)))
struct MessageTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String]) async throws -> (outcome: Farthing.Outcome, error: JSON?) {
        let outcome = try await Farthing.run(arguments + ["--json"], in: folder)
        let line = outcome.errors.split(separator: "\n").last { $0.hasPrefix("{\"error\"") }
        return (outcome, line.flatMap { try? JSON.parse(String($0)) }?["error"])
    }

    @Test func `names the setting whose port is taken`() async throws {
        let upstream = try TestUpstream()
        let taken = try TCPSocket.listening()
        let (outcome, error) = try await run([
            "serve", "--listen", "127.0.0.1:0", "--upstream", upstream.url, "--price", "1000", "--pay-to",
            Shop.receiver, "--store", folder.file("store"), "--mdns", "false", "--libp2p",
            "/ip4/127.0.0.1/tcp/\(taken.port)",
        ])
        #expect(outcome.exitCode == 69, "\(outcome.errors)")
        #expect(error?["code"] == "listen.port-taken")
        #expect(outcome.output.isEmpty, "it listens nowhere: \(outcome.output)")
        #expect(error?["message"]?.stringValue?.contains("/tcp/\(taken.port)") == true)
        #expect(error?["remedy"]?.stringValue?.contains("--libp2p /ip4/") == true)
    }

    @Test func `tells a passphrase file from a key file, and one that others may read`() async throws {
        let missing = try await run(["key", "new", folder.file("k"), "--passphrase-file", folder.file("nowhere")])
        #expect(missing.outcome.exitCode == 66)
        #expect(missing.error?["code"] == "passphrase-file.missing")
        let none = try await run(["key", "new", folder.file("k"), "--passphrase-file", folder.path])
        #expect(none.outcome.exitCode == 66)
        #expect(none.error?["code"] == "passphrase-file.unreadable")
        let open = try folder.write("open", "correct horse")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: open)
        let warned = try await Farthing.run(["key", "new", folder.file("k"), "--passphrase-file", open], in: folder)
        #expect(warned.exitCode == 0)
        #expect(warned.errors.contains("warning: The passphrase file \(open) is open to others"))
        #expect(!warned.errors.contains("correct horse"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: open)
        let quiet = try await Farthing.run(["key", "new", folder.file("l"), "--passphrase-file", open], in: folder)
        #expect(!quiet.errors.contains("warning"))
    }

    @Test func `says that no key came on standard input`() async throws {
        let none = try await Farthing.run(["key", "import", folder.file("k"), "--no-passphrase"], in: folder)
        #expect(none.exitCode == 64, "\(none.errors)")
        #expect(none.errors.contains("Nothing came on standard input"), "\(none.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("k")))
    }

    @Test func `makes no ledger by a name that is mistyped`() async throws {
        let mint = ["ledger", "mint", "--to", Shop.receiver, "--amount", "1", "--store", folder.file("stroe")]
        let (outcome, error) = try await run(mint)
        #expect(outcome.exitCode == 66, "\(outcome.errors)")
        #expect(error?["code"] == "ledger.missing")
        #expect(error?["remedy"]?.stringValue?.contains("--create") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.file("stroe.ledger")))
        #expect(try await run(mint + ["--create"]).outcome.exitCode == 0)
        #expect(try await run(mint).outcome.exitCode == 0)
    }

    @Test func `mints what the ledger's own network has, and nothing under another`() async throws {
        let ledger = folder.file("base.ledger")
        let mint = ["ledger", "mint", "--to", Shop.receiver, "--amount", "1", "--ledger", ledger]
        #expect(try await run(mint + ["--create", "--network", "eip155:8453"]).outcome.exitCode == 0)
        #expect(try await run(mint).outcome.exitCode == 0)
        let (outcome, error) = try await run(mint + ["--network", "eip155:84532"])
        #expect(outcome.exitCode == 78 && error?["code"] == "config.bad-value", "\(outcome.errors)")
        let (listed, _) = try await run(["ledger", "accounts", "--ledger", ledger])
        let accounts = try JSON.parse(listed.output)["accounts"]?.arrayValue
        #expect(accounts?.compactMap { $0["units"]?.stringValue } == ["2"])
        #expect(accounts?.first?["token"] == "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913")
    }

    @Test func `says that the folder of a facilitator's ledger is not there`() async throws {
        let (outcome, error) = try await run([
            "facilitator", "--listen", "127.0.0.1:0", "--ledger", folder.file("no/such/ledger"),
        ])
        #expect(outcome.exitCode == 78, "\(outcome.errors)")
        #expect(error?["code"] == "config.bad-value")
        #expect(error?["message"]?.stringValue?.hasSuffix("the folder in which it would be made is not there.") == true)
    }

    @Test func `says where the file of contracts comes from`() async throws {
        let (outcome, error) = try await run([
            "serve", "--upstream", "http://127.0.0.1:1", "--price", "1000", "--pay-to",
            "ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG", "--store", folder.file("store"), "--network",
            "stacks:2147483648", "--settlement", "stacks", "--rpc", "http://127.0.0.1:1", "--asset", "STX",
        ])
        #expect(outcome.exitCode == 78, "\(outcome.errors)")
        #expect(error?["code"] == "config.missing")
        #expect(error?["remedy"]?.stringValue?.contains("farthing stacks deploy") == true)
    }

    @Test func `says in the exit code that no relay of GUN could be reached, and nothing else`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        let payee = "G8_wtMAYyHOC3QcW4O82zJBLrQ9cgjCwxiasEiOLHA8.KA9WOW_8V1Re4348C0bi9fqh6xUaaCF8KzSpcYyb2bY"
        let dead = try TCPSocket.listening()
        let port = dead.port
        dead.socket.close()
        let outcome = try await owner.run(["pay", "gun://127.0.0.1:\(port)/gun/~\(payee)/weather"])
        #expect(outcome.exitCode == 69, "\(outcome.errors)")
        #expect(!outcome.errors.contains(" info "), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        let wrong = try await owner.run(["pay", "gun://127.0.0.1:\(port)/gun/~nobody/weather"])
        #expect(wrong.exitCode == 64, "\(wrong.errors)")
        try await shop.close()
    }
}
