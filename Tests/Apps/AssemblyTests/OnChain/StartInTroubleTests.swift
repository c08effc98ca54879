// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingDevnet
import FarthingEncodings
import FarthingX402
import Logging
import Testing

@testable import FarthingAssembly

@Suite("A node that starts on a chain in trouble", .timeLimit(.minutes(5)))
struct StartInTroubleTests {
    /// What strangers do on a chain may be more than an endpoint will tell.
    @Test func `starts where the endpoint tells of no logs, says so, and looks again later`() async throws {
        try await ChainShop.open(.hashChain) { shop in
            var configuration = shop.node.configuration
            configuration.storePath = shop.folder + "/another.sqlite"
            configuration.authorizerKeyPath = configuration.storePath + ".authorizer.key"
            try await shop.devnet.ask(
                "devnet_fault", ["method": "eth_getLogs", "kind": "error", "count": .null, "message": "too many logs"])
            let book = LogBook()
            let node = try await PaymentNode.open(configuration, logger: book.logger)
            #expect(book.count(of: "What happened meanwhile is not known yet") == 2, "of vouchers, and of hash chains")
            await #expect(throws: (any Error).self) { try await node.watch() }
            try await shop.devnet.ask("devnet_clearFaults")
            try await node.watch()
            await node.close()
        }
    }
}
