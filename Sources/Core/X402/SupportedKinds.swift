// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
public import FarthingPrimitives

/// What a facilitator can do, and with which accounts.
///
/// - Source: x402 v2, facilitator API, the answer of `GET /supported`.
public struct SupportedKinds: Hashable, Sendable {
    /// A scheme on a chain.
    public struct Kind: Hashable, Sendable {
        public var version: Int64
        public var scheme: String
        public var network: String
        public var extra: JSON?

        public init(version: Int64 = 2, scheme: String, network: String, extra: JSON? = nil) {
            self.version = version
            self.scheme = scheme
            self.network = network
            self.extra = extra
        }

        /// The account that the facilitator would sign claims and refunds with for payees that have no key.
        public var receiverAuthorizer: Address? {
            extra?["receiverAuthorizer"]?.stringValue.flatMap(Address.init(hex:))
        }
    }

    /// How many kinds are looked at.
    public static let maximumKinds = 1024

    public var kinds: [Kind]
    /// Who sends transactions, by chains such as `eip155:*`.
    public var signers: [String: [Address]]

    public init(kinds: [Kind], signers: [String: [Address]] = [:]) {
        self.kinds = kinds
        self.signers = signers
    }

    /// Reads an answer.
    ///
    /// Kinds that cannot be read are passed over: they are not for us.
    ///
    /// - Returns: `nil` when it lists no kinds at all.
    public init?(json: JSON) {
        guard let entries = json["kinds"]?.arrayValue else { return nil }
        kinds = entries.prefix(Self.maximumKinds).compactMap { entry in
            guard let version = entry["x402Version"]?.integerValue, let scheme = entry["scheme"]?.stringValue,
                let network = entry["network"]?.stringValue
            else { return nil }
            return Kind(version: version, scheme: scheme, network: network, extra: entry["extra"])
        }
        signers = [:]
        for member in json["signers"]?.members ?? [] {
            signers[member.name] = member.value.arrayValue?.compactMap { $0.stringValue.flatMap(Address.init(hex:)) }
        }
    }

    public var json: JSON {
        [
            "kinds": .array(
                kinds.map { kind in
                    .object([
                        "x402Version": .integer(kind.version), "scheme": .string(kind.scheme),
                        "network": .string(kind.network), "extra": kind.extra,
                    ])
                }),
            "extensions": [],
            "signers": .object(
                signers.sorted { $0.key < $1.key }.map { chains, accounts in
                    JSON.Member(name: chains, value: .array(accounts.map { .string($0.checksummed) }))
                }),
        ]
    }

    /// The kind for a scheme on a chain, if it is offered in version 2.
    public func kind(scheme: String, network: Network) -> Kind? {
        kinds.first { kind in
            guard kind.version == 2, kind.scheme == scheme else { return false }
            // A facilitator may say "all EVM chains" at once.
            return kind.network == "\(network)" || kind.network == "\(network.namespace):*"
        }
    }
}
