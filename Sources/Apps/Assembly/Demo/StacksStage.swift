// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet

/// A simulated Stacks chain in this process, with the contracts and a token on it.
struct StacksStage: DemoStage {
    let chain: SimnetNode
    private let place: StacksPlace
    private let issuer: KeySigner
    private let clock: @Sendable () -> Instant

    /// Starts the chain, and deploys the contracts.
    static func open(clock: @escaping @Sendable () -> Instant) async throws -> StacksStage {
        let issuer = KeySigner(PrivateKey.random(), accounts: .hash160)
        let network = Network(stacks: chainID)
        guard let account = try? Principal(network.text(of: issuer.address)) else { throw SettlementError.invalidTerms }
        let chain = try await SimnetNode.start(
            SimnetNode.Configuration(
                funds: [(owner: account, microSTX: coin)],
                heights: .init(burn: 100, stacks: 1, tenure: 1, time: UInt64(clamping: clock().unixSeconds))))
        do {
            let deployer = StacksDeployer(url: chain.url, signer: issuer, chainID: chainID, options: options)
            let asset = try await deployer.deployTestToken()
            var place = StacksPlace(
                url: chain.url, contracts: try await deployer.deploy(assets: [asset]),
                token: Token(domain: asset.domain, symbol: "USD", decimals: 6))
            place.options = options
            return StacksStage(chain: chain, place: place, issuer: issuer, clock: clock)
        } catch {
            await chain.stop()
            throw error
        }
    }

    private init(
        chain: SimnetNode, place: StacksPlace, issuer: KeySigner, clock: @escaping @Sendable () -> Instant
    ) {
        self.chain = chain
        self.issuer = issuer
        self.clock = clock
        self.place = place
    }

    private static let chainID: UInt32 = 0x8000_0000
    private static let coin: UInt128 = 1_000_000_000_000
    private static let options = StacksSettlement.Options(
        burnBlocks: 0, patience: .seconds(60), sending: StacksSender.Policy(pause: .milliseconds(5)))

    func configure(_ configuration: inout NodeConfiguration) {
        configuration.stacks = place
        configuration.network = place.contracts.network
        configuration.token = place.token
    }

    func prepare(_ node: PaymentNode) async throws { giveCoin(to: node.books.authorizer) }

    func view(of node: PaymentNode) throws -> any SettlementView { node.settlement }

    func mint(_ amount: Amount, to payer: Address, at node: PaymentNode) async throws {
        let issuing = place.open(signer: issuer, clock: clock)
        try await issuing.mintTestToken(place.token.address, amount, to: payer)
        // A payer that takes its money out by itself pays for that.
        giveCoin(to: payer)
    }

    private func giveCoin(to account: Address) {
        guard let owner = try? Principal(place.contracts.network.text(of: account)) else { return }
        chain.fund(owner, microSTX: Self.coin)
    }

    /// Has the chain post its blocks to an observer.
    func tell(_ observer: String) { chain.addObserver(observer) }

    /// Blocks of Bitcoin come every ten minutes.
    func leap(seconds: Int64) async throws { chain.advance(burnBlocks: Int(seconds / 600) + 1) }

    func contracts(of node: PaymentNode) -> [Address] {
        [place.contracts.vouchers.address] + place.contracts.contracts.values.map(\.address)
    }

    func audit(_ node: PaymentNode) async throws -> DemoReport.Audit {
        DemoReport.Audit(faults: [], events: chain.heights.stacks, gas: [])
    }

    func end() async { await chain.stop() }
}
