// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
public import HTTPTypes

/// What each request costs: a list of routes, of which the first that matches decides.
public struct PriceList: Hashable, Sendable {
    /// What a request is worth.
    public enum Price: Hashable, Sendable {
        case free
        /// The most that the request may cost; the upstream may ask for less.
        ///
        /// - Range: 1 through 2¹²⁸ − 1 atomic units.
        case upTo(Amount)
        /// A metered stream: each payment buys a stretch of it.
        case metered(StreamTariff)

        /// The most that one payment may cost; zero for what is free.
        public var highest: Amount {
            switch self {
            case .free: .zero
            case .upTo(let amount): amount
            case .metered(let tariff): tariff.price
            }
        }
    }

    public struct Route: Hashable, Sendable {
        /// `nil` is every method.
        public var methods: Set<String>?
        public var pattern: PathPattern
        public var price: Price
        /// What is sold, for people.
        public var description: String
        /// What the answer will be, if known.
        public var mimeType: String

        public init(
            methods: Set<String>? = nil, pattern: PathPattern, price: Price, description: String = "",
            mimeType: String = ""
        ) {
            self.methods = methods
            self.pattern = pattern
            self.price = price
            self.description = description
            self.mimeType = mimeType
        }

        func matches(method: String, path: RequestPath) -> Bool {
            (methods?.contains(method) ?? true) && pattern.matches(path)
        }
    }

    public var routes: [Route]

    /// - Parameter routes: In the order in which they are tried. What no route matches is not served.
    public init(_ routes: [Route]) { self.routes = routes }

    /// The highest price of all; zero where all is free.
    public var highest: Amount {
        routes.reduce(.zero) { max($0, $1.price.highest) }
    }

    /// The first route that matches, or `nil` when nothing is sold there.
    public func route(method: HTTPRequest.Method, path: RequestPath) -> Route? {
        routes.first { $0.matches(method: method.rawValue, path: path) }
    }
}
