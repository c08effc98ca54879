// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
import FarthingX402

extension Gate {
    /// Where the description is served.
    public static let descriptionPath = "/.well-known/farthing"

    /// All that is sold here and what it costs, for programs that look before they buy.
    public var priceDescription: JSON {
        [
            "x402Version": 2,
            "simulated": .bool(desk.isSimulated),
            "extensions": extensions,
            "routes": .array(book.entries.map(describe)),
        ]
    }

    private func describe(_ entry: RouteBook.Entry) -> JSON {
        let route = entry.route
        let accepts: JSON? = route.price == .free ? nil : .array(entry.offers.map(\.json))
        return .object([
            "path": .string(route.pattern.description),
            "methods": route.methods.map { .array($0.sorted().map { .string($0) }) },
            "description": route.description.isEmpty ? nil : .string(route.description),
            "mimeType": route.mimeType.isEmpty ? nil : .string(route.mimeType),
            "free": .bool(route.price == .free),
            "accepts": accepts,
        ])
    }
}
