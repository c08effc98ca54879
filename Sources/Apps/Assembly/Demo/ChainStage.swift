// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEVMSettlement
import FarthingEncodings
import FarthingPrimitives

/// A local EVM chain that is started for the demo, with all contracts on it.
struct ChainStage: DemoStage {
    private let devnet: Devnet
    private let place: ChainPlace

    /// Starts the chain and makes the contracts.
    static func open() async throws -> ChainStage {
        let devnet = try await Devnet.start()
        do {
            let network = Network(evm: devnet.chainID)
            guard let bytes = Hex.decode(String(devnet.accounts[0].key.dropFirst(2))), let key = PrivateKey(bytes),
                let standard = ContractRegistry(network: network)
            else { throw DevnetFault.notFound }
            let deployer = try EVMSettlement(
                urls: devnet.urls, signer: KeySigner(key), contracts: standard, sending: sending, client: .shared)
            let token = Token(
                domain: TokenDomain(address: try await deployer.deployTestToken(), name: "USDC", version: "2"),
                symbol: "USDC", decimals: 6)
            var place = ChainPlace(
                urls: devnet.urls,
                contracts: try await deployer.deployContracts(EVMSettlement.DeploymentPlan(token: token.address)),
                token: token)
            place.sending = sending
            // From here on a block a second: one for each transaction would run ahead of the world's clocks.
            try await devnet.ask("evm_setIntervalMining", 1)
            return ChainStage(devnet: devnet, place: place)
        } catch {
            devnet.stop()
            throw error
        }
    }

    private static let sending = SendingPolicy(confirmations: 1, pollInterval: .milliseconds(20))

    func configure(_ configuration: inout NodeConfiguration) {
        configuration.chain = place
        configuration.network = place.contracts.network
        configuration.token = place.token
    }

    func prepare(_ node: PaymentNode) async throws { try await giveCoin(to: node.books.authorizer) }

    func view(of node: PaymentNode) throws -> any SettlementView { node.settlement }

    func mint(_ amount: Amount, to payer: Address, at node: PaymentNode) async throws {
        guard let units = Int(exactly: amount.units) else { throw SettlementError.overflow }
        try await devnet.mint(units, for: payer, token: place.token.address.hex)
        // A payer that takes its money out by itself pays for that.
        try await giveCoin(to: payer)
    }

    private func giveCoin(to account: Address) async throws {
        try await devnet.ask("anvil_setBalance", .string(account.hex), "0x56bc75e2d63100000")
    }

    func leap(seconds: Int64) async throws {
        try await devnet.ask("evm_increaseTime", .integer(Int(seconds)))
        try await devnet.ask("evm_mine")
    }

    func contracts(of node: PaymentNode) -> [Address] {
        [place.contracts.settlement.contract] + place.contracts.contracts.values
    }

    func audit(_ node: PaymentNode) async throws -> DemoReport.Audit {
        guard let chain = node.settlement as? EVMSettlement else { throw ConfigurationError.missing(key: "rpc") }
        let names = Dictionary(
            place.contracts.contracts.map { ($0.value, $0.key.rawValue) }
                + [(place.contracts.settlement.contract, PaymentScheme.voucher.rawValue)]
        ) { first, _ in first }
        let functions = CompiledContract.all.reduce(into: [:]) { $0.merge($1.functions) { first, _ in first } }
        let gas = chain.gas.all.map { entry in
            DemoReport.Gas(
                scheme: names[entry.contract] ?? entry.contract.checksummed,
                operation: functions[entry.selector] ?? entry.selector, calls: entry.calls,
                each: entry.gas / max(entry.calls, 1))
        }
        var events: UInt64 = 0
        var last: UInt64 = 0
        while let page = try? await chain.events(after: last, limit: 1000), let end = page.last {
            events += UInt64(page.count)
            last = end.sequence
        }
        return DemoReport.Audit(
            faults: [], events: events, gas: gas.sorted { ($0.scheme, $0.operation) < ($1.scheme, $1.operation) })
    }

    func end() async { devnet.stop() }
}
