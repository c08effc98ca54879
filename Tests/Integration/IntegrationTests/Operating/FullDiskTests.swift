// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

#if os(Linux)
@Suite("A node whose disk is full", .timeLimit(.minutes(3)))
struct FullDiskTests {
    @Test(arguments: ["*/store.ledger*", "*/store*"])
    func `answers a deposit with 503 and charges nothing, and takes it when there is room`(files: String) async throws {
        let folder = try TemporaryFolder()
        let control = folder.file("rules")
        let shop = try await Shop(environment: try await FaultShim.environment(files: files, rules: control))
        var payer = try await shop.payer()
        let payment = try payer.pay()
        _ = try folder.write("rules", "fail write ENOSPC\n")
        let reply = try await shop.get("/good", paying: payment)
        #expect(reply.status == 503)
        #expect(reply.head["retry-after"] != nil)
        #expect(reply.head["payment-required"] == nil, "it is not asked to pay in another way")
        try FileManager.default.removeItem(atPath: control)
        // The same payment is as good as before.
        try payer.settle(await shop.get("/good", paying: payment))
        #expect(try await shop.books(of: payer).charged == Amount(units: 1000))
        try await shop.close()
    }
}
#endif
