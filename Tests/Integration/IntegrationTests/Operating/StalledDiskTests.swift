// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Foundation
import Testing

#if os(Linux)
@Suite("A node whose disk stands still", .timeLimit(.minutes(5)))
struct StalledDiskTests {
    /// How many requests were answered that were paid for.
    private func sold(by shop: Shop) async throws -> String? {
        let reply = try await shop.client.get("/metrics", within: .seconds(60))
        return reply.text.split(separator: "\n").first { $0.contains("farthing_requests_total{outcome=\"paid\"}") }
            .map(String.init)
    }

    @Test func `answers at once what costs nothing, and what was paid for once the disk goes on`() async throws {
        let folder = try TemporaryFolder()
        let control = folder.file("rules")
        let shop = try await Shop(
            ["--route", "/free/** free", "--price", "1000", "--timeout", "600"],
            environment: try await FaultShim.environment(files: "*/store*", rules: control))
        var payers: [TestPayer] = []
        // More than there are event loops: none that waits for a disk goes unnoticed.
        for _ in 0..<8 { payers.append(try await shop.regular()) }
        let before = try await sold(by: shop)
        #expect(before != nil)
        _ = try folder.write("rules", "halt fsync\n")
        var paid: [RawConnection] = []
        for index in payers.indices {
            let header = ("PAYMENT-SIGNATURE", try payers[index].pay().header)
            paid.append(try await shop.client.sent("GET", "/good", [header]))
        }
        try #require(
            try await eventually(within: .seconds(60)) { FileManager.default.fileExists(atPath: control + ".halted") })

        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<32 {
                let path = number.isMultiple(of: 2) ? "/healthz" : "/free/\(number)"
                group.addTask { try await shop.client.get(path, within: .seconds(60)).status }
            }
            for try await status in group { #expect(status == 200) }
        }
        let unpaid = try await shop.client.get("/good", within: .seconds(60))
        #expect(unpaid.status == 402)
        let meanwhile = try await sold(by: shop)
        #expect(meanwhile == before, "nothing was sold that nobody has written down")

        try FileManager.default.removeItem(atPath: control)
        for index in payers.indices { try payers[index].settle(await paid[index].reply(within: .seconds(60))) }
        for payer in payers {
            let charged = try await shop.books(of: payer).charged
            #expect(charged == Amount(units: 2000))
        }
        try await shop.close()
    }
}
#endif
