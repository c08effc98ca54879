// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

/// `farthing facilitator` as a process, with its ledger.
final class FarthingFacilitator {
    let url: String
    private let process: RunningProcess
    private let folder: URL
    private let ledger: [String]

    /// - Parameters:
    ///   - isDelegate: Whether it offers to hold the key of the receiver authorizer.
    ///   - rpc: An endpoint of the chain that it settles on, instead of its ledger; the key pays for gas there.
    init(in folder: URL, isDelegate: Bool = false, rpc: String? = nil) async throws {
        self.folder = folder
        let path = folder.appending(path: "facilitator.ledger").path(percentEncoded: false)
        ledger = ["--store", folder.appending(path: "none").path(percentEncoded: false), "--ledger", path, "--json"]
        let key = folder.appending(path: "facilitator.key").path(percentEncoded: false)
        let secrets = folder.appending(path: "payees.json")
        try Data(JSON.object([OfficialServer.receiver: .string(OfficialServer.secret)]).bytes).write(to: secrets)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: secrets.path(percentEncoded: false))
        process = try RunningProcess(
            "facilitator", Places.farthing(),
            ["facilitator", "--json", "--listen", "127.0.0.1:0", "--account-per-minute", "1000"]
                + (rpc.map(Shop.onChain) ?? ["--ledger", path])
                + (isDelegate || rpc != nil ? ["--authorizer-key", key] : [])
                + ["--payee-secrets", secrets.path(percentEncoded: false)], in: folder)
        url = try await process.address()
    }

    /// The account that pays for gas on a chain.
    func sender() async throws -> String {
        let key = folder.appending(path: "facilitator.key").path(percentEncoded: false)
        let lines = try await RunningProcess(
            "key-show", Places.farthing(), ["key", "show", key, "--json"], in: folder
        ).finish()
        return try JSON.parse(lines.joined(separator: "\n"))["address"]?.stringValue ?? ""
    }

    func mint(_ units: Int, for account: Address) async throws {
        _ = try await command(["mint", "--create", "--to", account.checksummed, "--amount", "\(units)"])
    }

    /// What an account holds on the ledger.
    func holds(_ account: String) async throws -> Int {
        let accounts = try await command(["accounts"])["accounts"]?.arrayValue ?? []
        return accounts.first { $0["owner"]?.stringValue?.lowercased() == account.lowercased() }?.units("units") ?? 0
    }

    /// Those events on the ledger that have a name, oldest first.
    func events(named name: String) async throws -> [JSON] {
        try await command(["events"])["events"]?.arrayValue?.filter { $0["event"]?.stringValue == name } ?? []
    }

    /// Stops it as an operator would; it must agree.
    func stop(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        process.terminate()
        let code = try await process.end(within: .seconds(60))
        #expect(code == 0, "\(process.complaints)", sourceLocation: sourceLocation)
    }

    func destroy() { process.destroy() }

    private func command(_ words: [String]) async throws -> JSON {
        let lines = try await RunningProcess(
            "ledger-\(words[0])", Places.farthing(), ["ledger"] + words + ledger, in: folder
        ).finish()
        return try JSON.parse(lines.joined(separator: "\n"))
    }
}
