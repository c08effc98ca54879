// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingWallet
import Testing

@testable import FarthingAssembly

@Suite("What logs and errors call a service")
struct ServiceNameTests {
    /// Whoever runs services calls each by its description, which would be all that it holds if it had none.
    @Test func `is its name, and shows nothing of what it holds`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            #expect("\(NodeServer(node: shop.node, metrics: nil))" == "payment node")
            #expect("\(DemoUpstream(logger: shop.node.logger))" == "upstream")
        }
    }
}
