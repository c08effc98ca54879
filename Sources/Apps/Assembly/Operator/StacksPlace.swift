// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives
public import FarthingStacksSettlement

/// A Stacks chain on which channels are settled, and how it is reached.
public struct StacksPlace: Sendable {
    /// Where the node is; it may hold a key to a paid account, so it is shown to nobody.
    public var url: String
    public var contracts: StacksRegistry
    public var token: Token
    public var options = StacksSettlement.Options()
    /// Where the chain's node may post its blocks (event observer); `nil` for nowhere, and channels are read again in time.
    public var observer: NodeConfiguration.Endpoint?

    public init(url: String, contracts: StacksRegistry, token: Token) {
        self.url = url
        self.contracts = contracts
        self.token = token
    }

    /// Whether there is a contract for a way to pay.
    func settles(_ scheme: PaymentScheme) -> Bool {
        guard let channels = scheme.prepaid else { return true }
        return contracts.contracts[channels.contractKind] != nil
    }

    /// The contract of vouchers, as it is written on the chain.
    public var voucherContract: String { "\(contracts.vouchers.identifier)" }

    /// - Parameters:
    ///   - signer: The key whose account pays for transactions; `nil` sends none.
    ///   - clock: Tells the time of blocks.
    func open(signer: (any Signer)?, clock: @escaping @Sendable () -> Instant) -> StacksSettlement {
        StacksSettlement(
            url: url, signer: signer, registry: contracts, tokens: [token], options: options, clock: clock)
    }
}
