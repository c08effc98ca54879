// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@Suite("The service that looks after a wallet's channels", .timeLimit(.minutes(3)))
struct WatchUnitTests {
    /// What the unit in the payer's guide says, by its names.
    private func unit() throws -> [String: String] {
        let root = URL(filePath: #filePath).pathComponents.dropLast(5).joined(separator: "/").dropFirst()
        let guide = try String(
            contentsOfFile: root + "/Sources/Apps/Wallet/FarthingWallet.docc/GetYourMoneyBack.md", encoding: .utf8)
        let block = try #require(guide.components(separatedBy: "```ini\n").dropFirst().first)
        let lines = try #require(block.components(separatedBy: "```").first).split(separator: "\n")
        return Dictionary(
            lines.compactMap { line in
                let parts = line.split(separator: "=", maxSplits: 1)
                return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
            }, uniquingKeysWith: { first, _ in first })
    }

    @Test func `runs the command that the guide has, which finishes what is due until it is stopped`() async throws {
        let unit = try unit()
        let command = try #require(unit["ExecStart"]).split(separator: " ").map(String.init)
        #expect(command.first == "%h/.local/bin/farthing")
        #expect(unit["Restart"] == "always")
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        let channel = try await owner.channel()
        let begun = try await owner.run(["wallet", "withdraw", channel, "--ledger", owner.ledger, "--json"])
        #expect(begun.json?["step"] == "started", "\(begun.errors)")
        // The payee sees it, and claims what it earned.
        let isClaimed = try await eventually(within: .seconds(30), every: .milliseconds(200)) {
            try await shop.books().values.first?.captured == Amount(units: 1000)
        }
        try #require(isClaimed)
        let advanced = try await Farthing.run(
            ["ledger", "advance", "--seconds", "901", "--store", shop.store], in: shop.folder)
        #expect(advanced.exitCode == 0)
        // Where the money is says a variable, as in the unit.
        #expect(unit["Environment"]?.hasPrefix("FARTHING_RPC=") == true)
        let watch = try ChildProcess(
            Array(command.dropFirst()),
            environment: ["FARTHING_WALLET": owner.path, "FARTHING_LEDGER": owner.ledger], folder: shop.folder.path)
        try #require(try await eventually(within: .seconds(60)) { watch.output.contains("paid") })
        watch.send(SIGTERM)
        #expect(try await watch.exitCode() == 0, "\(watch.errors)")
        #expect(try await owner.holdings() == "9999000")
        try await shop.close()
    }
}
