// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingDevnet
import FarthingEVMSettlement
import FarthingEncodings
import FarthingMemoryStore
import FarthingPrimitives
import Testing

/// A local chain with one kind of contract and its token, and people each of whom reads and pays for gas by itself, as
/// on different machines.
struct ChainGround {
    let devnet: Devnet
    let registry: ContractRegistry
    let token: Address
    let alice: KeySigner
    let bob: KeySigner
    private let opened: SettlementShelf

    static let riches: UInt128 = 1000

    static let policy = SendingPolicy(
        confirmations: 1, pollInterval: .milliseconds(20), patience: .milliseconds(400), giveUpAfter: .seconds(20),
        lowestTip: 1)

    /// Runs `body` on a chain that is gone afterwards, and sees to it that no unit was made or lost.
    ///
    /// - Parameters:
    ///   - challengeBlocks: The period of the contract of balance proofs.
    ///   - isInCoin: Whether the contract is for the chain's own coin; who pays for gas is not audited then.
    static func run(
        _ kind: ContractKind, challengeBlocks: UInt64 = 500, isInCoin: Bool = false,
        _ body: (ChainGround) async throws -> Void
    ) async throws {
        let devnet = try await Devnet.start()
        let opened = SettlementShelf()
        do {
            let ground = try await ChainGround(devnet, kind, challengeBlocks, isInCoin, opened)
            try await body(ground)
            if !isInCoin {
                let total = try await ground.total(with: kind)
                #expect(total == 2 * riches)
            }
        } catch {
            await opened.shutdown()
            devnet.stop()
            throw error
        }
        await opened.shutdown()
        devnet.stop()
    }

    private init(
        _ devnet: Devnet, _ kind: ContractKind, _ challengeBlocks: UInt64, _ isInCoin: Bool,
        _ opened: SettlementShelf
    ) async throws {
        self.devnet = devnet
        self.opened = opened
        (alice, bob) = (try Self.signer(devnet, 1), try Self.signer(devnet, 2))
        let standard = try #require(ContractRegistry(network: Network(evm: devnet.chainID)))
        let deployer = try EVMSettlement(
            urls: devnet.urls, signer: try Self.signer(devnet, 0), contracts: standard, sending: Self.policy)
        await opened.add(deployer)
        guard !isInCoin else {
            token = kind == .balanceProof ? .zero : Token.coinAddress
            registry = try await deployer.deployContracts(
                EVMSettlement.DeploymentPlan(
                    kinds: [kind], makesVoucherContract: false, token: Token.coinAddress,
                    challengeBlocks: challengeBlocks))
            return
        }
        token = try await deployer.deployTestToken()
        registry = try await deployer.deployContracts(
            EVMSettlement.DeploymentPlan(
                kinds: [kind], makesVoucherContract: false, token: token, challengeBlocks: challengeBlocks))
        for person in [alice, bob] {
            try await devnet.mint(Int(Self.riches), for: person.address, token: token.hex)
        }
    }

    private static func signer(_ devnet: Devnet, _ index: Int) throws -> KeySigner {
        let bytes = try #require(Hex.decode(String(devnet.accounts[index].key.dropFirst(2))))
        guard let key = PrivateKey(bytes) else { throw DevnetFault.noStart("a key is none") }
        return KeySigner(key)
    }

    /// Somebody's own way to the chain, which has seen nothing yet.
    func settlement(of person: KeySigner, sending: SendingPolicy = policy) async throws -> EVMSettlement {
        let settlement = try EVMSettlement(
            urls: devnet.urls, signer: person, contracts: registry, sending: sending)
        await opened.add(settlement)
        return settlement
    }

    /// One-way payments by somebody, with a store of its own unless one is given.
    func payments(
        by person: KeySigner, store: any ChannelStore = MemoryStore(), options: PaymentsOptions = PaymentsOptions(),
        sending: SendingPolicy = policy
    ) async throws -> Payments {
        try Payments(
            settlement: try await settlement(of: person, sending: sending), token: token, accounts: [person],
            store: store, options: options)
    }

    /// Two-way payments by somebody, with a store of its own.
    func micropayments(by person: KeySigner, over relay: any StateRelay) async throws -> MicropaymentAPI {
        let api = try MicropaymentAPI(
            relay: relay, settlement: try await settlement(of: person), store: MemoryStore())
        await api.setSigner(person)
        return api
    }

    func holds(_ person: KeySigner) async throws -> UInt128 {
        try await settlement(of: person).balance(of: person.address, token: token).units
    }

    func mine(blocks: Int) async throws { try await devnet.ask("evm_mine", ["blocks": .integer(blocks)]) }

    func leap(seconds: Int) async throws {
        try await devnet.ask("evm_increaseTime", .integer(seconds))
        try await devnet.ask("evm_mine")
    }

    private func total(with kind: ContractKind) async throws -> UInt128 {
        let reader = try await settlement(of: alice)
        let contract = try #require(reader.contractDomain(of: kind)).contract
        var sum: UInt128 = 0
        for account in [alice.address, bob.address, contract] {
            sum += try await reader.balance(of: account, token: token).units
        }
        return sum
    }
}

/// The settlements of a test, to be closed at its end.
actor SettlementShelf {
    private var settlements: [EVMSettlement] = []

    func add(_ settlement: EVMSettlement) { settlements.append(settlement) }

    func shutdown() async { for settlement in settlements { await settlement.shutdown() } }
}
