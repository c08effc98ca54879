// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingPrimitives

/// Which token a rule is about: `eip155:8453/0x8335…`, or `0x8335…` for that address on every network; on Stacks
/// `stacks:1/STX`, or `stacks:1/SP….contract::asset`.
///
/// - Source: CAIP-2 for the network in front of the slash; EIP-55 for the case of the address behind it.
public struct TokenPattern: Hashable, Sendable {
    /// `nil` for every network.
    public let network: Network?
    public let address: Address

    public init(network: Network?, address: Address) {
        self.network = network
        self.address = address
    }

    /// Reads the text form; an address in mixed case must carry the right checksum.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last.map(String.init) else { return nil }
        let network = parts.count == 2 ? Network(String(parts[0])) : nil
        guard parts.count == 1 || network != nil else { return nil }
        let asset = network?.stacksChainID == nil ? nil : StacksAsset(name)?.address
        guard let address = asset ?? Address(checking: name) else { return nil }
        self.network = network
        self.address = address
    }

    public func matches(_ address: Address, on network: Network) -> Bool {
        address == self.address && (self.network == nil || self.network == network)
    }
}

extension TokenPattern: CustomStringConvertible {
    public var description: String {
        guard let network else { return "\(address)" }
        let isCoin = network.stacksChainID != nil && address == StacksAsset.stx.address
        return "\(network)/\(isCoin ? "\(StacksAsset.stx)" : "\(address)")"
    }
}
