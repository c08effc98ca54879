// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import NIOHTTP1
import Synchronization

extension SimnetNode {
    /// The routes that no node has, to drive this one from outside: all `POST` with JSON, all under `/simnet`.
    func control(_ request: NodeRequest) -> NodeAnswer {
        guard request.method == .POST, request.path.count == 2 else { return .notFound("Not Found") }
        let json = request.json ?? .object([])
        switch request.path[1] {
        case "advance":
            guard let count = Self.count(json, "burn_blocks") else { return .bad("burn_blocks: 1 through 10000") }
            advance(burnBlocks: count)
        case "mine":
            guard let count = Self.count(json, "blocks") else { return .bad("blocks: 1 through 10000") }
            mine(blocks: count)
        case "reorg":
            guard let count = Self.count(json, "blocks") else { return .bad("blocks: 1 through 10000") }
            dropBlocks(count, losesTransactions: json["lose_transactions"]?.boolValue ?? false)
        case "fund":
            guard let owner = json["principal"]?.stringValue.flatMap({ try? Principal($0) }),
                let amount = json["amount"]?.stringValue.flatMap({ UInt128($0) })
            else { return .bad("principal: an address, amount: digits") }
            guard fund(owner, microSTX: amount) else { return .bad("amount: too much") }
        case "observers":
            guard let url = json["url"]?.stringValue, url.hasPrefix("http") else { return .bad("url: an address") }
            addObserver(url)
        case "faults":
            guard let fault = Self.fault(json) else {
                return .bad(
                    "kind: refuse with a reason, server_error, hang_up, lose, stall, or delay with milliseconds")
            }
            inject(
                fault, on: json["path"]?.stringValue ?? "/v2/transactions", times: Self.count(json, "times") ?? 1)
        default: return .notFound("Not Found")
        }
        let (heights, pool) = chain.withLock { ($0.heights, $0.pool.map(\.id)) }
        return .json([
            "burn_block_height": .integer(heights.burn), "stacks_tip_height": .integer(heights.stacks),
            "tenure_height": .integer(heights.tenure),
            "pool": .array(pool.map { .string(Hex.digits($0.bytes)) }),
        ])
    }

    private static func count(_ json: JSON, _ name: String) -> Int? {
        guard let given = json[name] else { return 1 }
        guard let count = given.integerValue, 1...10_000 ~= count else { return nil }
        return Int(count)
    }

    private static func fault(_ json: JSON) -> NodeFault? {
        switch json["kind"]?.stringValue {
        case "refuse": json["reason"]?.stringValue.map { .refuse(reason: $0) }
        case "server_error": .serverError
        case "hang_up": .hangUp
        case "lose": .lose
        case "stall": .stall
        case "delay":
            json["milliseconds"]?.integerValue.flatMap { 0...600_000 ~= $0 ? .delay(.milliseconds($0)) : nil }
        default: nil
        }
    }
}
