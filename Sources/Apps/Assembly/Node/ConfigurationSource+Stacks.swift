// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
public import FarthingStacksSettlement
import Foundation

extension ConfigurationSource {
    /// The Stacks chain on which channels are settled, if one is.
    func stacks() throws -> StacksPlace? {
        guard text(.settlement) == "stacks" else {
            guard let observer = text(.observer) else { return nil }
            throw ConfigurationError.bad(
                key: "observer", value: observer, why: "it is for 'settlement' 'stacks' alone")
        }
        if let ledger = text(.ledger) {
            throw ConfigurationError.bad(key: "ledger", value: ledger, why: "on a chain there is no embedded ledger")
        }
        let url = try required(.rpc)
        // What is wrong with it is not shown: a URL may hold a key.
        guard url.hasPrefix("http://") || url.hasPrefix("https://"), URL(string: url)?.host() != nil else {
            throw ConfigurationError.bad(key: "rpc", value: "…", why: "it must be http:// or https:// and a host")
        }
        let (registry, network) = (try stacksRegistry(), try network())
        guard registry.network == network else {
            throw ConfigurationError.bad(
                key: "contracts", value: text(.contracts) ?? "",
                why: "it is for \(registry.network), and the network is \(network)")
        }
        var place = StacksPlace(url: url, contracts: registry, token: try stacksToken())
        let confirmations = try value(.confirmations, "it must be a number of Bitcoin blocks from 0 to 1000") { text in
            UInt64(text).flatMap { (0...1000).contains($0) ? $0 : nil }
        }
        if let confirmations { place.options.burnBlocks = confirmations }
        // Nobody who posts there is known, so nobody elsewhere is to reach it.
        place.observer = try value(.observer, "it must be HOST:PORT of this machine, such as 127.0.0.1:3700") { text in
            NodeConfiguration.Endpoint(text).flatMap { ["127.0.0.1", "::1", "localhost"].contains($0.host) ? $0 : nil }
        }
        if let poll = try chainPoll() { place.options.sending.pause = poll }
        return place
    }

    /// Where the contracts are: what `farthing stacks deploy` wrote.
    func stacksRegistry() throws -> StacksRegistry { try StacksRegistry(file: try required(.contracts)) }

    /// The coin, unless an asset of the registry is named.
    func stacksToken() throws -> Token {
        let asset = try value(.asset, "it must be STX, or ADDRESS.contract::asset", StacksAsset.init) ?? .stx
        guard asset != .stx else { return StacksAsset.coin }
        guard try text(.settlement) != "stacks" || stacksRegistry().assets.contains(asset) else {
            throw ConfigurationError.bad(
                key: "asset", value: "\(asset)", why: "it is not among the assets in the file of contracts")
        }
        let decimals = try value(.assetDecimals, "it must be a number from 0 to 38") { text in
            Int(text).flatMap { (0...38).contains($0) ? $0 : nil }
        }
        return Token(domain: asset.domain, symbol: text(.assetSymbol) ?? "token", decimals: decimals ?? 6)
    }
}

extension StacksRegistry {
    /// Reads what `farthing stacks deploy` wrote.
    ///
    /// - Throws: ``ConfigurationError`` that says what is wrong with the file.
    public init(file path: String) throws {
        self = try ConfigurationSource.contracts(in: path, writtenBy: "stacks deploy", StacksRegistry.init(json:))
    }
}
