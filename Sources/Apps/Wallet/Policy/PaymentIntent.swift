// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What is about to be paid, to whom and for what, before anything is signed.
public struct PaymentIntent: Hashable, Sendable {
    /// The host in lower case, with `:port` behind it when that is not the default of its URL's scheme.
    public var host: String
    /// Whether the request goes over HTTPS.
    public var isEncrypted: Bool
    public var method: String
    public var url: String
    /// The x402 scheme of the offer, such as `exact`.
    public var scheme: String
    public var network: Network
    /// The token's contract.
    public var asset: Address
    public var receiver: Address
    /// The most that the request may cost.
    public var price: Amount
    /// What would be newly locked for it; zero when nothing is.
    public var deposit: Amount
    /// What the channel would hold unspent after that deposit: at risk of staying locked with this payee.
    public var locked: Amount

    public init(
        host: String, isEncrypted: Bool, method: String, url: String, scheme: String, network: Network,
        asset: Address, receiver: Address, price: Amount, deposit: Amount = .zero, locked: Amount = .zero
    ) {
        self.host = host
        self.isEncrypted = isEncrypted
        self.method = method
        self.url = url
        self.scheme = scheme
        self.network = network
        self.asset = asset
        self.receiver = receiver
        self.price = price
        self.deposit = deposit
        self.locked = locked
    }
}
