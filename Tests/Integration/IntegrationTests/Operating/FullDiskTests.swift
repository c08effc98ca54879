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
    /// The library that has every write to some files fail for want of room, while a file says so.
    private static func shim() async throws -> String {
        try await onOwnThread {
            let script = (0..<5).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
                .appending(path: "Scripts/build-faults")
            let process = Process()
            process.executableURL = script
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let output = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    @Test(arguments: ["*/store.ledger*", "*/store*"])
    func `answers a deposit with 503 and charges nothing, and takes it when there is room`(files: String) async throws {
        let folder = try TemporaryFolder()
        let control = folder.file("rules")
        let shop = try await Shop(environment: [
            "LD_PRELOAD": try await Self.shim(), "FARTHING_FAULT_PATHS": files, "FARTHING_FAULT_CONTROL": control,
        ])
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
