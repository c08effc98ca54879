// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingHTTP402
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

/// Some services know their customers by a key in the address, and logs are read by many.
@Suite("A key in an address", .timeLimit(.minutes(2)))
struct KeysInAddressesTests {
    private func configuration(_ upstream: String, in folder: String) -> NodeConfiguration {
        var configuration = NodeConfiguration(
            upstream: upstream, prices: PriceList([PriceList.Route(pattern: .all, price: .free)]),
            network: Network(evm: 84_532), token: PrepaidShop.token, payTo: PrivateKey.random().address,
            storePath: folder + "/store")
        configuration.listen = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 0)
        return configuration
    }

    @Test func `is in no line of the log when the upstream is down`() async throws {
        try await withFolder { folder in
            let book = LogBook()
            let configuration = configuration("http://127.0.0.1:1/v2/SECRET", in: folder)
            let node = try await PaymentNode.open(configuration, logger: book.logger)
            let (ports, told) = AsyncStream.makeStream(of: Int.self)
            let server = NodeServer(node: node, metrics: nil, onListening: { told.yield($0.port) })
            try await Demo.whileRunning([server], logger: book.logger) {
                var iterator = ports.makeAsyncIterator()
                let port = try #require(await iterator.next())
                let reply = try await RawClient.open(port) { try await $0.ask(Stall.get("/weather")) }
                #expect(reply.status == 502)
                while book.count(of: "The upstream cannot be reached yet") == 0 {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            await node.close()
            #expect(book.count(of: "The upstream cannot be reached") == 1)
            #expect(book.details.count { $0 == "upstream: http://127.0.0.1:1…" } == 2, "\(book.details)")
            #expect(!(book.lines + book.details).contains { $0.contains("SECRET") })
        }
    }

    @Test(arguments: [
        ("https://host/v2/SECRET", "https://host…"), ("http://[::1]:8080/SECRET", "http://[::1]:8080…"),
        ("http://host:80", "http://host:80"), ("SECRET", "…"),
    ])
    func `is not shown at the start`(address: String, shown: String) {
        var configuration = configuration(address, in: "")
        #expect(configuration.shownUpstream == shown)
        configuration.facilitator = "https://pay.example/SECRET"
        #expect(configuration.shownFacilitator == "https://pay.example…")
    }
}
