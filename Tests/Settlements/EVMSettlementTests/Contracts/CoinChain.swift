// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Synchronization
import Testing

@testable import FarthingEVMSettlement

/// A local chain with contracts for its own coin, a payer, and a payee that sends from an account of its own.
final class CoinChain: Sendable {
    let devnet: Devnet
    let payer: KeySigner
    let payee: KeySigner
    /// The payer's way to the chain.
    let payers: EVMSettlement
    /// The payee's, which sends from a third account: what the payee has is what it was paid.
    let settlement: EVMSettlement
    private let expiry: UInt64
    private let opened = Mutex<[EVMSettlement]>([])

    /// What ``fund(_:on:)`` locks, in wei: two coins and a bit.
    static let deposit: UInt128 = 2_000_000_000_000_000_010

    static func open(_ body: (CoinChain) async throws -> Void) async throws {
        let devnet = try await Devnet.start()
        do {
            let chain = try await CoinChain(devnet)
            do { try await body(chain) } catch {
                await chain.shutdown()
                throw error
            }
            await chain.shutdown()
        } catch {
            devnet.stop()
            throw error
        }
        devnet.stop()
    }

    private init(_ devnet: Devnet) async throws {
        self.devnet = devnet
        (payer, payee) = (try TestChain.signer(devnet, 1), try TestChain.signer(devnet, 2))
        let deployer = try EVMSettlement(
            urls: devnet.urls, signer: try TestChain.signer(devnet, 0),
            contracts: try #require(ContractRegistry(network: Network(evm: devnet.chainID))),
            sending: TestChain.policy)
        do {
            let plan = EVMSettlement.DeploymentPlan(makesVoucherContract: false, token: Token.coinAddress)
            let registry = try await deployer.deployContracts(plan)
            payers = try Self.settlement(devnet, registry, payer)
            settlement = try Self.settlement(devnet, registry, try TestChain.signer(devnet, 3))
            expiry = UInt64(clamping: try await deployer.head().time.unixSeconds) + 86_400
        } catch {
            await deployer.shutdown()
            throw error
        }
        await deployer.shutdown()
    }

    private static func settlement(
        _ devnet: Devnet, _ registry: ContractRegistry, _ signer: KeySigner,
        _ sending: SendingPolicy = TestChain.policy, _ limits: ChainReader.Limits = ChainReader.Limits()
    ) throws -> EVMSettlement {
        try EVMSettlement(urls: devnet.urls, signer: signer, contracts: registry, limits: limits, sending: sending)
    }

    /// Somebody's way to the chain, as in another process.
    func settlement(
        of signer: KeySigner, confirmations: UInt64 = 1, giveUpAfter: Duration = .seconds(20),
        limits: ChainReader.Limits = ChainReader.Limits()
    ) throws -> EVMSettlement {
        var sending = TestChain.policy
        (sending.confirmations, sending.giveUpAfter) = (confirmations, giveUpAfter)
        let made = try Self.settlement(devnet, payers.contracts, signer, sending, limits)
        opened.withLock { $0.append(made) }
        return made
    }

    private func shutdown() async {
        for settlement in opened.withLock(\.self) + [payers, settlement] { await settlement.shutdown() }
    }

    var coin: Token { .coin(on: payers.domain.network) }

    func balance(_ signer: KeySigner) async throws -> UInt128 {
        try await settlement.balance(of: signer.address, token: Token.coinAddress).units
    }

    func setBalance(_ wei: UInt128, of signer: KeySigner) async throws {
        try await devnet.ask("anvil_setBalance", .string(signer.address.hex), .string(Quantity.text(wei)))
    }

    func transactions(of signer: KeySigner) async throws -> String? {
        try await devnet.ask("eth_getTransactionCount", .string(signer.address.hex), "latest").stringValue
    }

    // MARK: - Channels

    private static let secret = Keccak256.hash(utf8: "the end of a chain")

    func balanceProof() -> BalanceProofTerms {
        BalanceProofTerms(
            sender: payer.address, receiver: payee.address, token: .zero, challengeBlocks: 500, salt: .zero)
    }

    func twoWay() -> TwoWayTerms {
        TwoWayTerms(
            first: payer.address, second: payee.address, token: Token.coinAddress,
            firstDeposit: Amount(units: Self.deposit), secondDeposit: .zero, challengeSeconds: 86_400, salt: .zero)
    }

    /// Ten steps that make up the deposit.
    func hashChain() async throws -> HashChainTerms {
        var terms = HashChainTerms(
            payer: payer.address, receiver: payee.address, receiverAuthorizer: payee.address,
            token: Token.coinAddress, anchor: .zero, stepCount: 10, stepAmount: Amount(units: Self.deposit / 10),
            expiry: expiry, salt: .zero)
        let domain = try #require(payers.contractDomain(of: .hashChain))
        terms.anchor = HashChain.step(0, from: Self.secret, at: 10, tag: terms.tag(in: domain))
        return terms
    }

    func step(_ index: UInt32, _ terms: HashChainTerms) -> HashChainStep {
        guard let domain = payers.contractDomain(of: .hashChain) else {
            return HashChainStep(index: index, value: .zero)
        }
        return HashChainStep(
            index: index, value: HashChain.step(index, from: Self.secret, at: 10, tag: terms.tag(in: domain)))
    }

    /// Opens a channel of the payer's.
    ///
    /// - Returns: The transaction that did.
    @discardableResult
    func fund(_ kind: ContractKind, on settlement: EVMSettlement? = nil) async throws -> TransactionID? {
        let settlement = settlement ?? payers
        let amount = Amount(units: Self.deposit)
        switch kind {
        case .hashChain:
            return try await settlement.fundInCoin(
                HashChainContract.self, hashChain(), amount, .opening, confirmations: nil
            ).transaction
        case .balanceProof:
            return try await settlement.fundInCoin(
                BalanceProofContract.self, balanceProof(), amount, .opening, confirmations: nil
            ).transaction
        case .twoWay:
            return try await settlement.fundInCoin(
                TwoWayContract.self, twoWay(), amount, .opening, confirmations: nil
            ).transaction
        case .merkleToken, .lottery, .lot:
            return nil
        }
    }
}
