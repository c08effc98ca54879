// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives

/// Where the contracts are on a chain.
public struct ContractRegistry: Hashable, Sendable {
    public let network: Network
    /// The contract of vouchers, with its collectors.
    public var settlement: SettlementDomain
    /// The contracts of the other schemes.
    public var contracts: [ContractKind: Address]

    /// What is at the same addresses on every chain: the contract of vouchers.
    ///
    /// - Parameter network: An EVM chain; anything else is `nil`.
    public init?(network: Network) {
        guard let domain = SettlementDomain(network: network) else { return nil }
        self.init(settlement: domain)
    }

    public init(settlement: SettlementDomain, contracts: [ContractKind: Address] = [:]) {
        network = settlement.network
        self.settlement = settlement
        self.contracts = contracts
    }

    private static let settlementName = "batch-settlement"
    private static let collectorName = "erc3009-collector"
    private static let permit2CollectorName = "permit2-collector"

    /// Reads what ``json`` writes.
    public init?(json: JSON) {
        guard let network = json["network"]?.stringValue.flatMap(Network.init),
            let members = json["contracts"]?.members
        else { return nil }
        var addresses: [String: Address] = [:]
        for member in members {
            guard let address = member.value.stringValue.flatMap(Address.init(checking:)), address != .zero else {
                return nil
            }
            addresses[member.name] = address
        }
        guard
            let domain = SettlementDomain(
                network: network,
                contract: addresses.removeValue(forKey: Self.settlementName) ?? SettlementDomain.standardContract,
                depositCollector: addresses.removeValue(forKey: Self.collectorName)
                    ?? SettlementDomain.standardDepositCollector,
                permit2Collector: addresses.removeValue(forKey: Self.permit2CollectorName)
                    ?? SettlementDomain.standardPermit2Collector)
        else { return nil }
        self.init(settlement: domain)
        for (name, address) in addresses {
            // Whoever misspells one wants to know.
            guard let kind = ContractKind(rawValue: name) else { return nil }
            contracts[kind] = address
        }
    }

    public var json: JSON {
        let standing = [
            JSON.Member(name: Self.settlementName, value: .string(settlement.contract.checksummed)),
            JSON.Member(name: Self.collectorName, value: .string(settlement.depositCollector.checksummed)),
            JSON.Member(name: Self.permit2CollectorName, value: .string(settlement.permit2Collector.checksummed)),
        ]
        let others = contracts.map { JSON.Member(name: $0.key.rawValue, value: .string($0.value.checksummed)) }
        return [
            "network": .string("\(network)"),
            "contracts": .object(standing + others.sorted { $0.name < $1.name }),
        ]
    }
}
