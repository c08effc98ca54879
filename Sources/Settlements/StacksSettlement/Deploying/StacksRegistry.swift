// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingStacks

/// Where the contracts are on a Stacks chain.
public struct StacksRegistry: Hashable, Sendable {
    /// The contract of vouchers.
    public let vouchers: StacksContract
    /// The contracts of the other schemes.
    public let contracts: [ContractKind: StacksContract]
    /// What can be paid with besides the coin.
    public let assets: [StacksAsset]

    public var network: Network { vouchers.network }

    /// - Parameters:
    ///   - deployer: Whose contracts they are, under the names of their files.
    ///   - assets: What can be paid with besides the coin.
    /// - Returns: `nil` when the account is not one of that chain.
    public init?(deployer: StandardPrincipal, chainID: UInt32, assets: [StacksAsset] = []) {
        func contract(_ source: ClaritySource) -> StacksContract? {
            ContractIdentifier("\(deployer.address).\(source.name)").flatMap {
                StacksContract($0, chainID: chainID, assets: assets)
            }
        }
        guard let vouchers = contract(.voucherChannels), let chains = contract(.hashChains),
            let twoWay = contract(.twoWayChannels)
        else { return nil }
        self.init(vouchers: vouchers, contracts: [.hashChain: chains, .twoWay: twoWay], assets: assets)
    }

    private init(vouchers: StacksContract, contracts: [ContractKind: StacksContract], assets: [StacksAsset]) {
        self.vouchers = vouchers
        self.contracts = contracts
        self.assets = assets
    }

    /// An asset as a contract's terms have it: none for the coin, or the principal of a token's contract; `nil` for one
    /// that is not known here.
    func address(_ value: ClarityValue) -> Address? {
        switch value {
        case .none: StacksAsset.stx.address
        case .some(.principal(.contract(let token))): assets.first { $0.contract == token }?.address
        default: nil
        }
    }

    /// The contract of vouchers as those who sign need it.
    public var domain: SettlementDomain { SettlementDomain(stacks: vouchers) }

    // MARK: - As a file

    private static let voucherName = "batch-settlement"

    /// Reads what ``json`` writes.
    public init?(json: JSON) {
        guard let chainID = json["network"]?.stringValue.flatMap(Network.init)?.stacksChainID,
            let members = json["contracts"]?.members
        else { return nil }
        let texts = (json["assets"]?.arrayValue ?? []).map { $0.stringValue.flatMap(StacksAsset.init) }
        let assets = texts.compactMap(\.self)
        guard assets.count == texts.count else { return nil }
        var vouchers: StacksContract?
        var contracts: [ContractKind: StacksContract] = [:]
        for member in members {
            guard let identifier = member.value.stringValue.flatMap({ ContractIdentifier($0) }),
                let contract = StacksContract(identifier, chainID: chainID, assets: assets)
            else { return nil }
            if member.name == Self.voucherName {
                vouchers = contract
            } else {
                // Whoever misspells one wants to know.
                guard let kind = ContractKind(rawValue: member.name), ContractDomain(kind, stacks: contract) != nil
                else { return nil }
                contracts[kind] = contract
            }
        }
        guard let vouchers else { return nil }
        self.init(vouchers: vouchers, contracts: contracts, assets: assets)
    }

    public var json: JSON {
        let others = contracts.map { JSON.Member(name: $0.key.rawValue, value: .string("\($0.value.identifier)")) }
        return [
            "network": .string("\(network)"),
            "contracts": .object(
                [JSON.Member(name: Self.voucherName, value: .string("\(vouchers.identifier)"))]
                    + others.sorted { $0.name < $1.name }),
            "assets": .array(assets.map { .string("\($0)") }),
        ]
    }
}
