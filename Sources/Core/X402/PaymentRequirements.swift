// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
public import FarthingPrimitives

/// One way in which a resource may be paid for: an entry of `accepts`, and what a payer echoes as `accepted`.
///
/// - Source: x402 v2, `PaymentRequirements`.
public struct PaymentRequirements: Hashable, Sendable {
    public var scheme: String
    public var network: Network
    /// The most that the request may cost.
    public var amount: Amount
    public var asset: Address
    public var payTo: Address
    /// How long the payee may take to answer, in seconds.
    public var maxTimeoutSeconds: Int64
    /// What belongs to the scheme alone.
    public var extra: JSON

    public init(
        scheme: String, network: Network, amount: Amount, asset: Address, payTo: Address, maxTimeoutSeconds: Int64,
        extra: JSON
    ) {
        self.scheme = scheme
        self.network = network
        self.amount = amount
        self.asset = asset
        self.payTo = payTo
        self.maxTimeoutSeconds = maxTimeoutSeconds
        self.extra = extra
    }

    /// Reads an entry of `accepts`.
    ///
    /// - Returns: `nil` when a member is missing or malformed, or when the network's addresses are not EVM addresses.
    public init?(json: JSON) {
        guard let scheme = json["scheme"]?.stringValue,
            let network = json["network"]?.stringValue.flatMap(Network.init),
            let amount = json["amount"]?.stringValue.flatMap(Amount.init(wire:)),
            let asset = json["asset"]?.stringValue.flatMap(Address.init(hex:)),
            let payTo = json["payTo"]?.stringValue.flatMap(Address.init(hex:)),
            let timeout = json["maxTimeoutSeconds"]?.integerValue
        else { return nil }
        let extra = json["extra"] ?? [:]
        guard extra.members != nil else { return nil }
        self.init(
            scheme: scheme, network: network, amount: amount, asset: asset, payTo: payTo, maxTimeoutSeconds: timeout,
            extra: extra)
    }

    public var json: JSON {
        [
            "scheme": .string(scheme), "network": .string("\(network)"), "amount": .string("\(amount)"),
            "asset": .string(asset.checksummed), "payTo": .string(payTo.checksummed),
            "maxTimeoutSeconds": .number(JSON.Number(maxTimeoutSeconds)), "extra": extra,
        ]
    }

    /// The same offer with more in its `extra`, as a corrective 402 carries it.
    public func adding(_ members: JSON) -> PaymentRequirements {
        var copy = self
        for member in members.members ?? [] { copy.extra = copy.extra.adding(member.name, member.value) }
        return copy
    }

    /// The first member in which `accepted` differs from this offer, or `nil` when it is this offer.
    ///
    /// Members are compared as text, and the payer's `extra` may hold more than ours but never less.
    ///
    /// - Source: x402 v2 over HTTP, matching of `accepted`.
    public func difference(from accepted: JSON) -> String? {
        for member in json.members ?? [] {
            guard let sent = accepted[member.name] else { return member.name }
            guard member.name == "extra" ? sent.contains(member.value) : sent == member.value else {
                return member.name
            }
        }
        return nil
    }
}
