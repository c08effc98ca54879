// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

extension Token {
    /// What stands for the chain's own coin where the address of a token is asked for.
    ///
    /// - Source: ERC-7528.
    public static let coinAddress = Address(hex: "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE") ?? .zero

    /// The chain's own coin as a token, on an EVM chain.
    ///
    /// It has no contract, so nobody signs anything for it: what locks it is a transaction of its owner.
    ///
    /// - Parameter address: coinAddress, or zero where a contract has that for the coin.
    /// - Returns: 18 decimals, as on all EVM chains.
    public static func coin(on network: Network, at address: Address = coinAddress) -> Token {
        let symbol =
            switch network.evmChainID {
            case 137: "POL"
            case 43_114: "AVAX"
            default: "ETH"
            }
        return Token(
            domain: TokenDomain(address: address, name: symbol, version: "1"), symbol: symbol, decimals: 18)
    }

    /// Whether it is the chain's own coin, on an EVM chain.
    public var isCoin: Bool { Self.isCoin(address) }

    /// Whether an address stands for the chain's own coin, on an EVM chain.
    ///
    /// Zero does for contracts of balance proofs.
    public static func isCoin(_ address: Address) -> Bool { address == coinAddress || address == .zero }
}
