// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation
import Testing

@Suite("A file of a node that is gone", .timeLimit(.minutes(3)))
struct LostFileTests {
    private static let parts = ["", "-wal", "-shm"]

    /// Tries to start the node again, and tells what it said instead.
    private func refusal(_ shop: Shop, _ arguments: [String] = []) async throws -> (exitCode: Int32, error: JSON?) {
        let outcome = try await Farthing.run(
            [
                "serve", "--listen", "127.0.0.1:0", "--json", "--upstream", shop.upstream.url, "--price", "1000",
                "--pay-to", Shop.receiver, "--store", shop.store,
            ] + arguments, in: shop.folder)
        #expect(outcome.output.isEmpty, "it listened")
        return (outcome.exitCode, try JSON.parse(outcome.errors)["error"])
    }

    private func move(_ name: String, to other: String, in shop: Shop) throws {
        for part in Self.parts where FileManager.default.fileExists(atPath: shop.folder.file(name + part)) {
            try FileManager.default.moveItem(
                atPath: shop.folder.file(name + part), toPath: shop.folder.file(other + part))
        }
    }

    private func isThere(_ name: String, in shop: Shop) -> Bool {
        FileManager.default.fileExists(atPath: shop.folder.file(name))
    }

    @Test func `is the ledger, and none is made in its place while channels need it`() async throws {
        let shop = try await Shop()
        var payer = try await shop.regular()
        #expect(try await shop.serve.stop() == 0)
        try move("store.ledger", to: "elsewhere", in: shop)
        let (exitCode, error) = try await refusal(shop)
        #expect(exitCode == 66)
        #expect(error?["code"] == "ledger.missing")
        #expect(error?["message"]?.stringValue?.contains("store.ledger") == true)
        #expect(error?["remedy"]?.stringValue?.contains("Restore") == true)
        #expect(!isThere("store.ledger", in: shop), "nothing was made")
        for command in [["claim"], ["settle"], ["store", "verify"], ["channels", "list"]] {
            let outcome = try await Farthing.run(command + ["--store", shop.store, "--json"], in: shop.folder)
            #expect(outcome.exitCode == 66, "\(command)")
            #expect(outcome.code == "ledger.missing", "\(command)")
        }
        // It is found again, and everything goes on.
        try move("elsewhere", to: "store.ledger", in: shop)
        try await shop.restart()
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        try await shop.close()
    }

    @Test func `is the ledger, and one that was made by hand in its place is not taken for it`() async throws {
        let shop = try await Shop()
        _ = try await shop.regular()
        #expect(try await shop.serve.stop() == 0)
        try move("store.ledger", to: "elsewhere", in: shop)
        let minted = try await Farthing.run(
            ["ledger", "mint", "--create", "--store", shop.store, "--to", Shop.receiver, "--amount", "1"],
            in: shop.folder)
        #expect(minted.exitCode == 0)
        let (exitCode, error) = try await refusal(shop)
        #expect(exitCode == 65)
        #expect(error?["code"] == "ledger.behind")
    }

    @Test func `is the key for claims, and none is made in its place while channels name it`() async throws {
        let shop = try await Shop()
        var payer = try await shop.regular()
        #expect(try await shop.serve.stop() == 0)
        try move("store.authorizer.key", to: "elsewhere", in: shop)
        let (exitCode, error) = try await refusal(shop)
        #expect(exitCode == 66)
        #expect(error?["code"] == "authorizer-key.missing")
        #expect(!isThere("store.authorizer.key", in: shop), "nothing was made")
        try move("elsewhere", to: "store.authorizer.key", in: shop)
        try await shop.restart()
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        try await shop.close()
    }

    @Test func `is the store, which a warning tells because the ledger still knows its channels`() async throws {
        let shop = try await Shop()
        let payer = try await shop.regular()
        #expect(!shop.serve.child.errors.contains("The store is empty"))
        #expect(try await shop.serve.stop() == 0)
        try move("store", to: "elsewhere", in: shop)
        try await shop.restart()
        let warning = "The store is empty, though the ledger has channels with money for this receiver"
        #expect(shop.serve.child.errors.contains(warning), "\(shop.serve.child.errors)")
        #expect(try await shop.serve.stop() == 0)
        // Restored, it knows what it earned.
        try FileManager.default.removeItem(atPath: shop.store)
        try move("elsewhere", to: "store", in: shop)
        try await shop.restart()
        #expect(try await shop.books(of: payer).charged == payer.charged)
        #expect(!shop.serve.child.errors.contains("The store is empty"))
        try await shop.close()
    }
}
