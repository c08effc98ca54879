// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
public import FarthingChannels
import FarthingContracts
import FarthingEVMSettlement
public import FarthingEncodings
import FarthingKeyFiles
public import FarthingPrimitives
import Foundation
import Synchronization

/// Makes contracts on a chain, and looks after those that are there.
public struct ContractOffice: Sendable {
    /// What was made.
    public struct Made: Sendable {
        let registry: ContractRegistry
        /// The token that was made for a local chain.
        public let token: Address?
        public var json: JSON { registry.json }
    }

    /// What is at the address of a contract.
    public struct Finding: Hashable, Sendable {
        public let name: String
        public let address: Address
        /// `ours`, `foreign` or `nothing`.
        public let code: String
    }

    /// What a contract holds for an account.
    public struct Owed: Hashable, Sendable {
        /// Whose contract it is, as the registry names it.
        public let contract: String
        public let token: Address
        public let amount: Amount
        /// What paid it; `nil` when nobody asked for that.
        public let transaction: TransactionID?
    }

    private let settlement: EVMSettlement

    /// A price in gwei, as people write it.
    ///
    /// - Returns: `nil` for what is no such price; in wei.
    public static func price(gwei text: String) -> UInt128? {
        Amount(tokens: text, decimals: 9).flatMap { $0.isZero || $0.units > 1 << 80 ? nil : $0.units }
    }

    /// - Parameters:
    ///   - key: The file of the key whose account pays.
    ///   - passphrase: Asked for only when the file is encrypted.
    ///   - highestFee: The most that a unit of gas may cost, in wei.
    ///   - contracts: The file that says where the contracts are; `nil` for x402's.
    public static func open(
        rpc: String, key: String, contracts: String? = nil, highestFee: UInt128?, passphrase: () throws -> [UInt8]?
    ) async throws -> ContractOffice {
        let signer = KeySigner(try KeyFile.read(key, passphrase: passphrase))
        var sending = SendingPolicy(confirmations: 1, pollInterval: .milliseconds(500))
        if let highestFee { sending.highestFee = highestFee }
        return ContractOffice(
            settlement: try await settlement(rpc: rpc, signer: signer, contracts: contracts, sending: sending))
    }

    /// The chain is what its endpoint says it is.
    private static func settlement(
        rpc: String, signer: KeySigner?, contracts: String? = nil, sending: SendingPolicy = SendingPolicy()
    ) async throws -> EVMSettlement {
        let urls = rpc.split(separator: ",").map { $0.filter { $0 != " " } }
        guard let registry = try contracts.map(ContractRegistry.init(file:)) else {
            let network = try await EVMSettlement.network(at: urls, client: .shared)
            guard let standard = ContractRegistry(network: network) else { throw SettlementError.invalidTerms }
            return try EVMSettlement(
                urls: urls, signer: signer, contracts: standard, sending: sending, client: .shared)
        }
        return try EVMSettlement(urls: urls, signer: signer, contracts: registry, sending: sending, client: .shared)
    }

    /// Makes the contracts, one after the other.
    ///
    /// - Parameters:
    ///   - token: That of two-way channels; `Token.coinAddress` for the chain's coin.
    ///   - told: Told of each contract that was made, in a line for people, and how many are made by then; first of
    ///     none.
    public func deploy(
        token: Address?, makesTestToken: Bool, makesVouchers: Bool,
        told: @Sendable (_ line: String?, _ done: Int, _ total: Int) -> Void
    ) async throws -> Made {
        // Where a token is made, too, its address is not known yet, and decides nothing of their number.
        var plan = EVMSettlement.DeploymentPlan(
            makesVoucherContract: makesVouchers, token: makesTestToken ? .zero : token)
        let total = settlement.contractCount(of: plan) + (makesTestToken ? 1 : 0)
        let done = Mutex(0)
        told(nil, 0, total)
        @Sendable func tell(_ name: String, _ address: Address, width: Int) {
            let count = done.withLock { done in
                done += 1
                return done
            }
            told("\(name.padding(toLength: width, withPad: " ", startingAt: 0)) \(address.checksummed)", count, total)
        }
        var made: Address?
        if makesTestToken {
            let address = try await settlement.deployTestToken()
            tell("token", address, width: 10)
            made = address
            plan.token = address
        }
        let registry = try await settlement.deployContracts(plan) { tell($0, $1, width: 18) }
        return Made(registry: registry, token: made)
    }

    /// Has paid what the contracts owe the key's account, since it could not be paid when a channel ended.
    ///
    /// - Parameters:
    ///   - tokens: Which are looked for where a contract is for any.
    ///   - receiver: To whom it goes; `nil` for the account itself.
    /// - Throws: `SettlementError` when a contract still cannot pay; what was paid before stays paid.
    public func collect(tokens: [Address], to receiver: Address?) async throws -> [Owed] {
        var paid: [Owed] = []
        for credit in try await settlement.credits(of: settlement.account, in: tokens) {
            let transaction = try await settlement.collect(credit, to: receiver ?? settlement.account)
            paid.append(
                Owed(
                    contract: credit.kind.rawValue, token: credit.token, amount: credit.amount,
                    transaction: transaction))
        }
        return paid
    }

    /// What the contracts owe an account, since it could not be paid when a channel ended.
    public static func owed(
        to account: Address, tokens: [Address], rpc: String, contracts: String
    ) async throws -> [Owed] {
        let settlement = try await settlement(rpc: rpc, signer: nil, contracts: contracts)
        return try await settlement.credits(of: account, in: tokens).map {
            Owed(contract: $0.kind.rawValue, token: $0.token, amount: $0.amount, transaction: nil)
        }
    }

    /// Looks at the code of all contracts that are known.
    ///
    /// - Parameter contracts: The file that says where they are; `nil` for x402's.
    public static func verify(rpc: String, contracts: String?) async throws -> [Finding] {
        let settlement = try await settlement(rpc: rpc, signer: nil, contracts: contracts)
        return try await settlement.verifyContracts().map {
            Finding(name: $0.name, address: $0.address, code: "\($0.finding)")
        }
    }
}
