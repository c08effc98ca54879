// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingEVMSettlement
import FarthingEncodings
import FarthingPrimitives
import Foundation

extension ConfigurationSource {
    /// The chain on which channels are settled, if one is.
    func chain() throws -> ChainPlace? {
        guard text(.settlement) == "evm" else {
            // A wallet reads the variables of `rpc` and `contracts` too, so they may be there for it.
            let both: [Setting] = text(.settlement) == "stacks" ? [] : [.confirmations, .chainPoll]
            let foreign: [Setting] =
                both + [.rpcQuorum, .highestGasPrice, .chainPatience, .chainGiveUp, .firstBlock]
            if let setting = foreign.first(where: { text($0) != nil }) {
                throw ConfigurationError.bad(
                    key: setting.rawValue, value: "…", why: "it is for 'settlement' 'evm' alone")
            }
            return nil
        }
        if let ledger = text(.ledger) {
            throw ConfigurationError.bad(key: "ledger", value: ledger, why: "on a chain there is no embedded ledger")
        }
        let urls = try required(.rpc).split(separator: ",").map { $0.filter { $0 != " " } }
        // What is wrong with them is not shown: a URL may hold a key.
        guard !urls.isEmpty, urls.allSatisfy(ChainReader.canUse(url:)) else {
            throw ConfigurationError.bad(
                key: "rpc", value: "…", why: "it must be http:// or https:// and a host; several with commas between")
        }
        var place = ChainPlace(urls: urls, contracts: try contracts(), token: try token())
        place.quorum = try value(.rpcQuorum, "it must be a number from 1 to \(urls.count)") { text in
            Int(text).flatMap { (1...urls.count).contains($0) ? $0 : nil }
        }
        let confirmations = try value(.confirmations, "it must be a number of blocks from 1 to 1000") { text in
            UInt64(text).flatMap { (1...1000).contains($0) ? $0 : nil }
        }
        if let confirmations { place.sending.confirmations = confirmations }
        let price = try value(.highestGasPrice, "it must be a number of gwei, such as 50 or 0.5") { text in
            ContractOffice.price(gwei: text)
        }
        if let price { place.sending.highestFee = price }
        if let poll = try chainPoll() { place.sending.pollInterval = poll }
        try waiting(&place.sending)
        place.firstBlock = try value(.firstBlock, "it must be a block's number", { UInt64($0) })
        return place
    }

    /// How long a transaction waits before it is sent for more, and before nobody waits for it.
    private func waiting(_ sending: inout SendingPolicy) throws {
        let patience = try value(.chainPatience, "it must be a number of seconds from 1 to 86400") { text in
            Int64(text).flatMap { (1...86_400).contains($0) ? $0 : nil }
        }
        let giveUp = try value(.chainGiveUp, "it must be a number of seconds from 1 to 604800") { text in
            Int64(text).flatMap { (1...604_800).contains($0) ? $0 : nil }
        }
        if let patience { sending.patience = .seconds(patience) }
        if let giveUp { sending.giveUpAfter = .seconds(giveUp) }
        guard sending.giveUpAfter >= sending.patience else {
            throw ConfigurationError.bad(
                key: Setting.chainGiveUp.rawValue, value: "\(sending.giveUpAfter.components.seconds)",
                why: "it must not be less than chainPatience, \(sending.patience.components.seconds)")
        }
    }

    /// How long to wait between two questions to a chain, if that is said.
    func chainPoll() throws -> Duration? {
        try value(.chainPoll, "it must be a number of milliseconds from 10 to 60000") { text in
            Int64(text).flatMap { (10...60_000).contains($0) ? .milliseconds($0) : nil }
        }
    }

    /// Where the contracts are: those of x402 on every chain, or what `farthing contracts deploy` wrote.
    private func contracts() throws -> ContractRegistry {
        let network = try network()
        guard let registry = try registry() else {
            guard let standard = ContractRegistry(network: network) else {
                throw ConfigurationError.bad(key: "network", value: "\(network)", why: "it must be an eip155 chain")
            }
            return standard
        }
        guard registry.network == network else {
            throw ConfigurationError.bad(
                key: "contracts", value: text(.contracts) ?? "",
                why: "it is for \(registry.network), and the network is \(network)")
        }
        return registry
    }

    /// Reads a file that says where contracts are.
    static func contracts<Registry>(
        in path: String, writtenBy command: String, _ read: (JSON) -> Registry?
    ) throws -> Registry {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError.bad(key: "contracts", value: path, why: "there is no such file")
        }
        guard bytes.count <= 65_536, let json = try? JSON.parse(Array(bytes)), let registry = read(json) else {
            throw ConfigurationError.bad(
                key: "contracts", value: path, why: "it must be what 'farthing \(command)' writes")
        }
        return registry
    }

    /// What the file of contracts says, if one is named.
    func registry() throws -> ContractRegistry? { try text(.contracts).map(ContractRegistry.init(file:)) }
}

extension ContractRegistry {
    /// Reads what `farthing contracts deploy` wrote.
    ///
    /// - Throws: ``ConfigurationError`` that says what is wrong with the file.
    public init(file path: String) throws {
        self = try ConfigurationSource.contracts(in: path, writtenBy: "contracts deploy", ContractRegistry.init(json:))
    }
}
