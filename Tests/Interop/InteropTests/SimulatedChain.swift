// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingEncodings
import FarthingPrimitives
import Foundation
import NIOCore
import NIOHTTP1

/// The chain of the tests: `chain.py` as a process of its own, or within the facilitator's.
final class SimulatedChain {
    /// Where it answers JSON-RPC.
    let url: String
    private let process: RunningProcess?

    static let chainID: UInt64 = 84_532
    /// The only token there is.
    static let usdc = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"

    /// Takes a chain that runs already.
    init(at url: String) {
        self.url = url
        process = nil
    }

    /// Starts one.
    ///
    /// - Parameter longestRange: Over how many blocks it answers `eth_getLogs` at most.
    init(in folder: URL, longestRange: Int? = nil) async throws {
        let limit = longestRange.map { ["--longest-range", "\($0)"] } ?? []
        let process = try RunningProcess(
            "chain", Places.python(), [Places.script("chain.py")] + limit, in: folder)
        self.process = process
        url = try await process.address()
    }

    func stop() { process?.destroy() }

    // MARK: - What only a simulated chain does

    /// Makes USDC for somebody.
    func mint(_ units: Int, for account: Address) async throws {
        _ = try await call("sim_mint", .string(account.checksummed), .string("\(units)"))
    }

    /// Lets Permit2 take USDC from somebody, as an approval in a transaction would.
    func approvePermit2(_ units: Int, by account: Address) async throws {
        _ = try await call("sim_approvePermit2", .string(account.checksummed), .string("\(units)"))
    }

    /// Lets time pass on the chain, which the world does not notice.
    func increaseTime(by seconds: Int) async throws { _ = try await call("sim_increaseTime", .integer(seconds)) }

    /// Makes empty blocks.
    ///
    /// - Returns: The height of the last.
    @discardableResult
    func mine(_ blocks: Int) async throws -> Int64 {
        try await call("sim_mine", .integer(blocks)).integerValue ?? 0
    }

    /// All that the chain knows: `balances`, `channels`, `receivers` and `transactions`.
    func dump() async throws -> JSON { try await call("sim_dump") }

    /// Calls a method of the node.
    ///
    /// - Throws: ``InteropFault`` with the node's error.
    func call(_ method: String, _ parameters: JSON...) async throws -> JSON {
        let request: JSON = [
            "jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(parameters),
        ]
        let answer = try await Loopback.post(url, request)
        guard let result = answer["result"] else { throw InteropFault("\(method): \(answer)") }
        return result
    }
}

/// JSON over HTTP with the peers.
enum Loopback {
    static func post(_ url: String, _ body: JSON) async throws -> JSON {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: body.bytes))
        return try await ask(request)
    }

    static func get(_ url: String) async throws -> JSON { try await ask(HTTPClientRequest(url: url)) }

    private static func ask(_ request: HTTPClientRequest) async throws -> JSON {
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await answer.body.collect(upTo: 16 << 20)
        guard answer.status == .ok else {
            throw InteropFault("\(request.url): \(answer.status) \(String(buffer: body))")
        }
        return try JSON.parse(
            Array(buffer: body), limits: JSON.Limits(maximumDepth: 32, maximumBytes: 16 << 20))
    }
}
