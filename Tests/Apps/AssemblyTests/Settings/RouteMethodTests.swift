// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingHTTP402
import FarthingPrimitives
import Testing

@testable import FarthingAssembly

@Suite("The methods of a node's routes")
struct RouteMethodTests {
    private static let warning = "Routes have methods that HTTP's registry does not: see that they are not misspelt"

    /// What is logged at the start of a node that sells under these methods.
    private func log(of methods: [Set<String>?]) async throws -> LogBook {
        let log = LogBook()
        try await PrepaidShop.open(.hashChain) { shop, _ in
            await shop.node.close()
            var configuration = shop.node.configuration
            configuration.prices = PriceList(
                methods.map { PriceList.Route(methods: $0, pattern: .all, price: .upTo(PrepaidShop.price)) })
            let node = try await PaymentNode.open(
                configuration, logger: log.logger, clock: { [clock = shop.clock] in clock.now })
            await node.close()
        }
        return log
    }

    @Test func `are told of when they are not registered, for they may be misspelt`() async throws {
        let log = try await log(of: [["GTE", "GET"], ["PURGE"], ["GTE"], nil])
        #expect(log.count(of: Self.warning) == 1)
        #expect(log.details.contains("methods: GTE,PURGE"))
    }

    @Test func `are not told of when they are registered, or any will do`() async throws {
        let log = try await log(of: [["GET", "HEAD"], ["PROPFIND", "QUERY"], nil])
        #expect(log.count(of: Self.warning) == 0)
    }
}
