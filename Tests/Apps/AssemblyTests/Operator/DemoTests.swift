// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Foundation
import Logging
import Testing

@testable import FarthingAssembly

@Suite("A demo", .timeLimit(.minutes(20)))
struct DemoTests {
    /// Some 60 requests for each channel, which holds 50, so that some are used up and others are not.
    @Test(arguments: [(nil, 2), (Demo.Chain.evm, 1)])
    func `shows all five ways to pay, and no unit is lost`(chain: Demo.Chain?, channels: Int) async throws {
        try await withFolder { folder in
            var options = Demo.Options(folder: folder)
            (options.requests, options.channels, options.chain) = (60 * channels, channels, chain)
            let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let report = try await Demo(options, logger: quiet) { _ in }.run()
            #expect(report.faults.isEmpty && report.isConserved)
            #expect(
                Set(report.rows.map(\.scheme)) == ["voucher", "two-way", "hash-chain", "merkle-token", "lottery"])
            let gas = report.audit.gas
            #expect(chain == nil ? gas.isEmpty : Set(gas.map(\.scheme)).isSuperset(of: report.rows.map(\.scheme)))
            #expect(gas.allSatisfy { $0.each > 20_000 }, "no transaction is cheaper")
            for row in report.rows {
                #expect(row.requests == 60 * channels)
                #expect(row.deposited.units == row.captured.units + row.refunded.units, "\(row.scheme)")
                guard !row.isByLuck else { continue }
                #expect(row.charged.units == UInt128(60_000 * channels) && row.captured == row.charged, "\(row.scheme)")
            }
        }
    }
}
