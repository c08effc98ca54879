// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

/// A local chain with a token and the contract of vouchers on it, and somebody who settles there.
final class TestChain: Sendable {
    let devnet: Devnet
    let settlement: EVMSettlement
    let token: Token
    let payer: KeySigner
    let receiver: KeySigner

    static let policy = SendingPolicy(
        confirmations: 1, pollInterval: .milliseconds(20), patience: .milliseconds(400), giveUpAfter: .seconds(20),
        lowestTip: 1)

    /// Makes a chain, deploys what is needed, and ends both when the closure has.
    static func open(
        endpoints: Int = 1, _ arguments: [String] = [], confirmations: UInt64 = 1, quorum: Int? = nil,
        _ body: (TestChain) async throws -> Void
    ) async throws {
        let devnet = try await Devnet.start(endpoints: endpoints, arguments)
        let chain: TestChain
        do { chain = try await TestChain(devnet, confirmations: confirmations, quorum: quorum) } catch {
            devnet.stop()
            throw error
        }
        do { try await body(chain) } catch {
            await chain.settlement.shutdown()
            devnet.stop()
            throw error
        }
        await chain.settlement.shutdown()
        devnet.stop()
    }

    private init(_ devnet: Devnet, confirmations: UInt64, quorum: Int?) async throws {
        self.devnet = devnet
        payer = try Self.signer(devnet, 1)
        receiver = try Self.signer(devnet, 2)
        let network = Network(evm: devnet.chainID)
        let deployer = try EVMSettlement(
            urls: [devnet.urls[0]], signer: try Self.signer(devnet, 0),
            contracts: try #require(ContractRegistry(network: network)), sending: Self.policy)
        do {
            let token = try await deployer.deploy(
                .testUSDC, [.string("USD Coin"), .string("USDC"), .string("2"), .uint(UInt64(6))])
            let contract = try await deployer.deploy(.batchSettlement)
            let collector = try await deployer.deploy(.erc3009Collector, [.address(contract.address)])
            self.token = Token(
                domain: TokenDomain(address: token.address, name: "USD Coin", version: "2"), symbol: "USDC",
                decimals: 6)
            let domain = try #require(
                SettlementDomain(
                    network: network, contract: contract.address, depositCollector: collector.address))
            var policy = Self.policy
            policy.confirmations = confirmations
            settlement = try EVMSettlement(
                urls: devnet.urls, signer: try Self.signer(devnet, 0), contracts: ContractRegistry(settlement: domain),
                quorum: quorum,
                sending: policy)
            _ = try await deployer.send(
                ABI.call("mint(address,uint256)", [.address(payer.address), .uint(Amount(units: 1_000_000_000))]),
                to: token.address)
        } catch {
            await deployer.shutdown()
            throw error
        }
        await deployer.shutdown()
    }

    static func signer(_ devnet: Devnet, _ index: Int) throws -> KeySigner {
        let bytes = try #require(Hex.decode(String(devnet.accounts[index].key.dropFirst(2))))
        guard let key = PrivateKey(bytes) else { throw DevnetFault.noStart("a key is none") }
        return KeySigner(key)
    }

    /// Another settlement on the same chain, as after a restart.
    func another(
        policy: SendingPolicy = TestChain.policy, signer index: Int = 0, urls: [String]? = nil, quorum: Int? = nil
    ) throws -> EVMSettlement {
        try EVMSettlement(
            urls: urls ?? devnet.urls, signer: try Self.signer(devnet, index), contracts: settlement.contracts,
            quorum: quorum, sending: policy)
    }

    // MARK: - What payers and payees sign

    func terms(salt: UInt64 = 1) -> ChannelTerms {
        ChannelTerms(
            payer: payer.address, payerAuthorizer: payer.address, receiver: receiver.address,
            receiverAuthorizer: receiver.address, token: token.address, withdrawDelay: 900,
            salt: ABI.Word.uint(salt).bytes)
    }

    func deposit(_ units: UInt128, in terms: ChannelTerms, salt: UInt64 = 7) async throws -> SignedDeposit {
        let id = settlement.domain.channelID(of: terms)
        let salt = ABI.Word.uint(salt).bytes
        let digest = settlement.domain.depositDigest(
            token: token.domain, payer: terms.payer, amount: Amount(units: units), validAfter: 0,
            validBefore: UInt64(UInt32.max), nonce: SettlementDomain.depositNonce(channel: id, salt: salt))
        return SignedDeposit(
            terms: terms, amount: Amount(units: units),
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: UInt64(UInt32.max), salt: salt, signature: payer.signNow(digest)))
    }

    func voucher(_ units: UInt128, of terms: ChannelTerms) -> SignedCeiling {
        let digest = settlement.domain.voucherDigest(
            channel: settlement.domain.channelID(of: terms), ceiling: Amount(units: units))
        return SignedCeiling(terms: terms, ceiling: Amount(units: units), signature: payer.signNow(digest))
    }

    @discardableResult
    func open(_ units: UInt128, in terms: ChannelTerms, salt: UInt64 = 7) async throws -> DepositReceipt {
        try await settlement.deposit(try await deposit(units, in: terms, salt: salt), for: voucher(0, of: terms))
    }

    func row(_ units: UInt128, of terms: ChannelTerms, total: UInt128? = nil) -> ClaimRow {
        let voucher = voucher(units, of: terms)
        return ClaimRow(
            terms: terms, ceiling: voucher.ceiling, signature: voucher.signature, total: Amount(units: total ?? units))
    }

    func claim(_ rows: [ClaimRow], on settlement: EVMSettlement? = nil) async throws -> ClaimReceipt {
        let digest = self.settlement.domain.claimBatchDigest(
            rows.map { (self.settlement.domain.channelID(of: $0.terms), $0.ceiling, $0.total) })
        return try await (settlement ?? self.settlement).claim(rows, authorization: receiver.signNow(digest))
    }

    func balance(_ account: Address) async throws -> UInt128 {
        try await settlement.balance(of: account, token: token.address).units
    }

    /// What all parties and the contract hold.
    func total() async throws -> UInt128 {
        var sum: UInt128 = 0
        for account in [payer.address, receiver.address, settlement.domain.contract] {
            sum += try await balance(account)
        }
        return sum
    }
}

extension Devnet {
    /// A fault that never comes, and counts how often it might have.
    private static let never: Int64 = 1_000_000

    /// Begins to count how often a method is asked for.
    func count(_ method: String) async throws {
        try await ask(
            "devnet_fault", ["method": .string(method), "kind": "error", "after": .integer(Int(Self.never))])
    }

    /// How often a method was asked for since ``count(_:)``.
    func counted(_ method: String) async throws -> Int64 {
        let faults = try await ask("devnet_faults").arrayValue ?? []
        let counting = try #require(faults.first { $0["method"]?.stringValue == method }?["after"]?.integerValue)
        return Self.never - counting
    }
}
