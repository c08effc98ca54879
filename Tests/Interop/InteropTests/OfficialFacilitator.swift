// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation

/// A facilitator made of the official SDK alone, over a simulated chain in the same process.
final class OfficialFacilitator {
    let url: String
    let chain: SimulatedChain
    /// Who sends its transactions.
    let sender: Address?
    /// Whose key it holds for payees; `nil` when it holds none.
    let receiverAuthorizer: Address?
    private let process: RunningProcess
    private let log: URL

    /// - Parameters:
    ///   - folder: Where its output goes.
    ///   - isDelegate: Whether it offers to hold the key of the receiver authorizer.
    ///   - longestRange: Over how many blocks its chain answers `eth_getLogs` at most.
    ///   - rpc: A node of another chain than the simulated one.
    init(in folder: URL, isDelegate: Bool = false, longestRange: Int? = nil, rpc: String? = nil) async throws {
        log = folder.appending(path: "facilitator.log")
        let arguments =
            [Places.script("official_facilitator.py"), "--log", log.path(percentEncoded: false)]
            + (isDelegate ? ["--delegate"] : [])
            + (longestRange.map { ["--longest-range", "\($0)"] } ?? []) + (rpc.map { ["--rpc", $0] } ?? [])
        let process = try RunningProcess("facilitator", Places.python(), arguments, in: folder)
        self.process = process
        url = try await process.address()
        let greeting = try await process.greeting()
        chain = SimulatedChain(at: greeting["rpc"]?.stringValue ?? "")
        sender = greeting["sender"]?.stringValue.flatMap(Address.init(hex:))
        receiverAuthorizer = greeting["receiverAuthorizer"]?.stringValue.flatMap(Address.init(hex:))
    }

    /// What it was asked to verify or settle, and what it answered: `path`, `request`, `status` and `response`.
    func exchanges() throws -> [JSON] {
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        return try text.split(separator: "\n").map { try JSON.parse(String($0)) }
    }

    func stop() { process.destroy() }
}
