// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Which token a rule is about: `eip155:8453/0x8335…`, or `0x8335…` for that address on every network.
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
        guard parts.count <= 2, let address = parts.last.flatMap({ Address(checking: String($0)) }) else { return nil }
        self.address = address
        if parts.count == 2 {
            guard let network = Network(String(parts[0])) else { return nil }
            self.network = network
        } else {
            network = nil
        }
    }

    public func matches(_ address: Address, on network: Network) -> Bool {
        address == self.address && (self.network == nil || self.network == network)
    }
}

extension TokenPattern: CustomStringConvertible {
    public var description: String { network.map { "\($0)/\(address)" } ?? "\(address)" }
}
