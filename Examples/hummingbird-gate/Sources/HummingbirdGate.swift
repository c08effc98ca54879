// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingHTTP402
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Foundation
import Hummingbird
import Logging

/// Sells one route of a Hummingbird app for 0.001 USDC of simulated money a request.
@main
struct HummingbirdGate {
    static func main() async throws {
        let logger = Logger(label: "hummingbird-gate")
        let node = try await PaymentNode.open(configuration(), logger: logger)
        var app = Application(
            router: router(selling: node), configuration: .init(address: .hostname("127.0.0.1", port: 8080)),
            logger: logger)
        app.addServices(
            // What payers do on the ledger: one that begins to withdraw makes the node claim at once.
            PeriodicService(name: "watch", interval: .seconds(1), logger: logger) { try await node.catchUp() },
            // What is due is claimed and paid out, by every way to pay that the node offers.
            PeriodicService(name: "claim", interval: .seconds(60), logger: logger) {
                _ = await node.redeemDue()
                _ = try await node.collectDue()
            })
        do {
            try await app.runService()
        } catch {
            await node.close()
            throw error
        }
        await node.close()
    }

    /// What the routes are, and behind which of them payers must have paid, is the price list's business alone.
    static func router(selling node: PaymentNode) -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: PaymentMiddleware(gate: node.gate))
        router.get("/") { _, _ in "Try /weather/lisbon\n" }
        router.get("/.well-known/farthing") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: node.gate.priceDescription.bytes)))
        }
        router.get("/weather/{city}") { _, context in
            "It is 28 °C in \(context.parameters.get("city") ?? "Lisbon").\n"
        }
        return router
    }

    /// Sells `/weather/…`, gives everything else away, and pays to the address in `PAY_TO`.
    static func configuration() throws -> NodeConfiguration {
        let network = KnownTokens.defaultNetwork
        guard let payTo = ProcessInfo.processInfo.environment["PAY_TO"].flatMap(Address.init(checking:)),
            let token = KnownTokens.token(KnownTokens.defaultAddress, on: network),
            let weather = PathPattern("/weather/*")
        else { throw ConfigurationError.missing(key: "payTo") }
        return NodeConfiguration(
            // Here nothing is handed on: the app itself is what is sold.
            upstream: "",
            prices: PriceList([
                PriceList.Route(
                    pattern: weather, price: .upTo(Amount(units: 1000)), description: "The weather in a city"),
                PriceList.Route(pattern: .all, price: .free),
            ]), network: network, token: token, payTo: payTo, storePath: "hummingbird-gate.store")
    }
}
