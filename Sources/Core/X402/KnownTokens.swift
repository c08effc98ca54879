// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Tokens whose name and decimals need not be configured.
///
/// - Source: x402's default assets (Circle's USDC), each with the EIP-712 name and version of its contract.
public enum KnownTokens {
    public static func token(_ address: Address, on network: Network) -> Token? {
        if address == Token.coinAddress, network.evmChainID != nil { return .coin(on: network) }
        return all["\(network)"].flatMap { entry in
            guard let known = Address(hex: entry.address), known == address else { return nil }
            return Token(
                domain: TokenDomain(address: known, name: entry.name, version: "2"), symbol: "USDC", decimals: 6)
        }
    }

    /// The tokens of a chain that are known here.
    public static func addresses(on network: Network) -> [Address] {
        all["\(network)"].flatMap { Address(hex: $0.address) }.map { [$0] } ?? []
    }

    /// What a node uses when it is told neither a network nor a token: Base Sepolia and its USDC, which every
    /// x402 client pays in without being asked to.
    public static let defaultNetwork = Network(evm: 84_532)
    public static let defaultAddress = Address(hex: "0x036CbD53842c5426634e7929541eC2318f3dCF7e") ?? .zero

    /// All of them, with their chains.
    public static let everywhere: [(network: Network, address: Address)] = all.compactMap { name, entry in
        Network(name).flatMap { network in Address(hex: entry.address).map { (network, $0) } }
    }

    private static let all: [String: (address: String, name: String)] = [
        "eip155:1": ("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USD Coin"),
        "eip155:8453": ("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USD Coin"),
        "eip155:84532": ("0x036CbD53842c5426634e7929541eC2318f3dCF7e", "USDC"),
        "eip155:137": ("0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", "USD Coin"),
        "eip155:42161": ("0xaf88d065e77c8cC2239327C5EDb3A432268e5831", "USD Coin"),
        "eip155:43114": ("0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E", "USD Coin"),
    ]
}
