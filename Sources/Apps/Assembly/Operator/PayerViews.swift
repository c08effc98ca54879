// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEVMSettlement
import FarthingHTTP402Client
import FarthingLedgerSettlement
public import FarthingPrimitives
import FarthingStacksSettlement
import FarthingX402

/// The settlements that a payer can look into from this machine.
public enum PayerViews {
    /// - Parameters:
    ///   - ledger: The file of an embedded ledger; `nil` for none.
    ///   - rpc: The URL of a chain's JSON-RPC endpoint; `nil` for none. It is asked nothing yet.
    ///   - network: The chain that the endpoint must be on.
    ///   - contracts: The file of `farthing contracts deploy` or of `farthing stacks deploy`; `nil` for x402's
    ///     contracts, which are the same on all EVM chains.
    /// - Returns: Of two for the same network, the ledger stands first.
    /// - Throws: `StoreError` for the ledger, `SettlementError` for the endpoint.
    public static func open(
        ledger: String?, rpc: String?, network: Network, contracts: String? = nil
    ) throws -> [any SettlementView] {
        var views: [any SettlementView] = []
        if let ledger { views.append(try Ledger(existing: ledger)) }
        if let rpc, let contracts, let registry = try? StacksRegistry(file: contracts) {
            views.append(
                StacksSettlement(
                    url: rpc, signer: nil, registry: registry, tokens: registry.assets.map(\.token),
                    options: StacksSettlement.Options(burnBlocks: 0, sending: StacksSender.Policy(pause: .seconds(1))),
                    clock: Ledger.systemClock))
        } else if let rpc {
            guard let registry = try contracts.map(ContractRegistry.init(file:)) ?? ContractRegistry(network: network)
            else { throw SettlementError.unavailable(reason: "\(network) is not an EVM chain") }
            let network = registry.network
            let tokens = KnownTokens.addresses(on: network).compactMap { KnownTokens.token($0, on: network) }
            views.append(
                try EVMSettlement(
                    urls: rpc.split(separator: ",").map(String.init), signer: nil, contracts: registry, tokens: tokens,
                    // Each step of a payer finds out by itself where things stand: none relies on the one before.
                    sending: SendingPolicy(confirmations: 1, pollInterval: .seconds(1)),
                    client: PayingClient.standardHTTPClient))
        }
        return views
    }
}
