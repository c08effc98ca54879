// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation
import Testing

@testable import FarthingAssembly

@Suite("What claims are reckoned to cost")
struct ClaimCostTests {
    private func file(_ path: String) throws -> JSON {
        let root = (0..<5).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        return try JSON.parse(Array(try Data(contentsOf: root.appending(path: "Contracts/Vyper/\(path)"))))
    }

    private func number(_ json: JSON?) throws -> UInt64 {
        try #require(json?.integerValue.flatMap(UInt64.init(exactly:)))
    }

    @Test(arguments: [
        (PaymentScheme.hashChain, "HashChains", ["redeem, 100"]),
        (.merkleToken, "MerkleTokens", ["redeem, depth 16, first in word"]),
        (.twoWay, "TwoWayChannels", ["close, by a party", "finalise"]),
        (.lottery, "Lottery", ["winning ticket, first, by the authorizer"]),
    ])
    func `is what they were measured to take, and little more`(
        scheme: PaymentScheme, contract: String, rows: [String]
    ) throws {
        let measured = try file("gas.json")[contract]
        let sum = try rows.reduce(0) { try $0 + number(measured?[$1]) }
        let gas = ClaimCosts.gas(of: scheme)
        #expect(gas.transaction == 0)
        #expect(gas.channel >= sum && gas.channel * 100 <= sum * 102, "\(scheme) takes \(sum)")
    }

    @Test func `is for vouchers what x402's contract takes, and never less than ours`() throws {
        let peer = try file("gas/peers/BatchSettlement.json")["rows"]
        let ours = try file("gas.json")["BatchSettlement"]
        let gas = ClaimCosts.gas(of: .voucher)
        let each = try number(peer?["claim 100, each"]?["x402"])
        let rest = try number(peer?["claim 1, next"]?["x402"]) + number(peer?["settle"]?["x402"]) - each
        #expect(gas.channel >= each && gas.channel * 100 <= each * 102, "each takes \(each)")
        #expect(gas.transaction >= rest && gas.transaction * 100 <= rest * 102, "the rest takes \(rest)")
        #expect(try gas.channel >= number(ours?["claim 100, each"]))
        let one = try number(ours?["claim 1, next"]) + number(ours?["settle"])
        #expect(gas.transaction + gas.channel >= one)
    }
}
