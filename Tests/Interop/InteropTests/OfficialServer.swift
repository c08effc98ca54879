// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation

/// A resource server made of the official SDK alone; each of its channels is settled through a facilitator.
///
/// It sells `/weather` for ``price``, `/metered?cost=N`, `/permit2` with deposits through Permit2, `/fail` that always
/// fails, and `/exact` for another scheme.
final class OfficialServer: Payee {
    let url: String
    let folder: URL
    /// Where payers and tests may read its channels.
    let chain: SimulatedChain
    private let process: RunningProcess

    /// To whom it lets channels be opened.
    static let receiver = "0x1563915e194D8CfBA1943570603F7606A3115508"
    /// By which it proves to a facilitator who it is.
    static let secret = "what the official server knows"
    static let price = 1000
    static let exactPrice = 2500

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - facilitator: The facilitator's URL, which may be of another make than the official.
    ///   - chain: The chain behind the facilitator.
    ///   - isDelegating: Whether the facilitator holds the key of the receiver authorizer.
    init(
        facilitator: String, chain: SimulatedChain, isDelegating: Bool = false, in folder: URL
    ) async throws {
        let arguments =
            [Places.script("official_server.py"), "--facilitator", facilitator]
            + (isDelegating ? ["--delegate", "--secret", Self.secret] : [])
        let process = try RunningProcess("server", Places.python(), arguments, in: folder)
        self.process = process
        self.folder = folder
        self.chain = chain
        url = try await process.address()
    }

    /// Opens an official server before an official facilitator for the length of a test.
    ///
    /// No process and no file is left behind.
    static func open(
        isDelegating: Bool = false, longestRange: Int? = nil,
        _ body: (OfficialServer, OfficialFacilitator) async throws -> Void
    ) async throws {
        let folder = try Places.newFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let facilitator = try await OfficialFacilitator(
            in: folder, isDelegate: isDelegating, longestRange: longestRange)
        defer { facilitator.stop() }
        let server = try await OfficialServer(
            facilitator: facilitator.url, chain: facilitator.chain, isDelegating: isDelegating, in: folder)
        defer { server.stop() }
        try await body(server, facilitator)
    }

    func readingArguments() -> [String] { ["--rpc", chain.url] }

    /// What it believes of each channel.
    func channels() async throws -> [JSON] { try await Loopback.get(url + "/__channels").arrayValue ?? [] }

    /// Forgets all channels, as after a loss of its disk.
    func loseChannels() async throws { _ = try await Loopback.post(url + "/__lose", [:]) }

    /// Claims all that can be claimed, and lets it be paid out.
    func claim() async throws -> JSON { try await Loopback.post(url + "/__claim", [:]) }

    func stop() { process.destroy() }
}
