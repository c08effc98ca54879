// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

/// A payee: an upstream that knows nothing of payments, and `farthing serve` before it.
final class Shop: Payee {
    let folder: URL
    let store: String
    /// How payers reach it.
    private(set) var url = ""
    private let upstream: RunningProcess
    private let upstreamURL: String
    private let settings: [String]
    /// How commands are told where channels are settled.
    private let place: [String]
    private var server: RunningProcess?
    /// What was made for each payer.
    private(set) var minted: [Address: Int] = [:]

    /// The address that earns; nobody here needs its key.
    static let payTo = "0x1563915e194D8CfBA1943570603F7606A3115508"
    static let price = 1000

    /// Opens a shop for the length of a test, and leaves no process and no file behind.
    ///
    /// - Parameters:
    ///   - minimumDeposit: What a payer is asked to deposit, in atomic units.
    ///   - claimEvery: Seconds between two claims while the shop is open.
    ///   - facilitator: Who settles; `nil` settles on an embedded ledger.
    ///   - rpc: An endpoint of the chain that settles instead.
    ///   - contracts: A file that says where contracts are on that chain.
    ///   - schemes: The ways to pay.
    static func open(
        minimumDeposit: Int, claimEvery: Int = 3600, facilitator: String? = nil, rpc: String? = nil,
        contracts: String? = nil, schemes: [String] = ["voucher"], _ body: (Shop) async throws -> Void
    ) async throws {
        let folder = try Places.newFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let upstream = try RunningProcess("upstream", try Places.python(), [Places.script("upstream.py")], in: folder)
        defer { upstream.destroy() }
        let shop = Shop(
            folder, upstream, try await upstream.address(),
            settings: ["--min-deposit", "\(minimumDeposit)", "--claim-every", "\(claimEvery)"]
                + ["--schemes", schemes.joined(separator: ",")],
            place: (facilitator.map { ["--facilitator", $0] } ?? rpc.map(Self.onChain) ?? [])
                + (contracts.map { ["--contracts", $0] } ?? []))
        defer { shop.server?.destroy() }
        try await shop.start()
        try await body(shop)
    }

    static func onChain(_ rpc: String) -> [String] {
        ["--settlement", "evm", "--rpc", rpc, "--confirmations", "1", "--chain-poll", "50"]
    }

    private init(_ folder: URL, _ upstream: RunningProcess, _ upstreamURL: String, settings: [String], place: [String])
    {
        self.place = place
        self.folder = folder
        self.upstream = upstream
        self.upstreamURL = upstreamURL
        self.settings = settings
        store = folder.appending(path: "shop").path(percentEncoded: false)
    }

    func readingArguments() throws -> [String] {
        ["--read-with", try Places.farthing().path(percentEncoded: false), store]
    }

    // MARK: - The server

    func start() async throws {
        let server = try RunningProcess(
            "serve", try Places.farthing(),
            [
                "serve", "--json", "--listen", "127.0.0.1:0", "--upstream", upstreamURL, "--price", "\(Self.price)",
                "--pay-to", Self.payTo, "--store", store, "--upstream-timeout", "10",
            ] + settings + place, in: folder)
        self.server = server
        url = try await server.address()
    }

    /// Stops the server as an operator would; it must agree.
    func stop(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        guard let server else { return }
        server.terminate()
        let code = try await server.end(within: .seconds(60))
        #expect(code == 0, "\(server.complaints)", sourceLocation: sourceLocation)
        self.server = nil
    }

    /// How often the upstream was asked for a path.
    func calls(of path: String) -> Int {
        upstream.lines.count { (try? JSON.parse($0))?["call"]?.stringValue == path }
    }

    /// Waits until the upstream was asked for a path.
    func waitForCall(of path: String) async throws {
        try await upstream.wait(within: .seconds(30), for: "a call of \(path)") { calls(of: path) > 0 }
    }

    // MARK: - The operator

    /// Makes money for a payer.
    func mint(_ amount: Int, for payer: OfficialPayer) async throws { try await mint(amount, for: payer.address) }

    /// Makes money for whoever has an account.
    func mint(_ amount: Int, for account: Address) async throws {
        let told = try await farthing(["ledger", "mint", "--create", "--to", "\(account)", "--amount", "\(amount)"])
        minted[account, default: 0] += amount
        #expect(told.units("balance") == minted[account])
    }

    /// Runs a command of `farthing` on the shop's store.
    ///
    /// - Returns: What it printed as JSON.
    func farthing(_ command: [String]) async throws -> JSON {
        let arguments = command + ["--store", store, "--json"] + place
        let lines = try await run(command.joined(separator: "-"), try Places.farthing(), arguments)
        return try JSON.parse(lines.joined(separator: "\n"))
    }

    /// Runs a program to its end.
    ///
    /// - Returns: The lines that it printed.
    /// - Throws: InteropFault with what it said, when its exit code is not 0.
    func run(_ name: String, _ program: URL, _ arguments: [String]) async throws -> [String] {
        try await RunningProcess(name, program, arguments, in: folder).finish()
    }
}
